"""Spark gives the rows of DuckDB, in its order and types, on a sound and on a broken release.

A statement costs Spark half a second of CPU or more: a sample runs always, all of sql/ in CI
(WARDROBE_CI), and every contract on both releases on demand (WARDROBE_EVERY_STATEMENT).
"""

import os
import re
import sys
from contextlib import ExitStack, nullcontext, suppress
from itertools import groupby

import duckdb
import pytest
from command_line import is_one_sentence, wardrobe
from damaged_lakes import copy_of
from releases import write_files, write_statistic

from flows.lake import Lake
from flows.pipelines import engines
from flows.pipelines.derive import ALL_KINDS, PairSettings, derive
from flows.storage.objects import ObjectPath
from flows.warehouse import contracts, open_warehouse, queries, run_query, spark_engine
from flows.warehouse.engines import fetch, select
from flows.warehouse.statistics_checks import statistics_checks
from schemas.errors import InputError, MissingExtra

pytestmark = pytest.mark.slow

IN_CI = "WARDROBE_CI" in os.environ
ON_DEMAND = "WARDROBE_EVERY_STATEMENT" in os.environ
on_demand = pytest.mark.skipif(not ON_DEMAND, reason="minutes of CPU: set WARDROBE_EVERY_STATEMENT")

EVERY_STATEMENT = {
    query.name: query
    for query in [*queries(), *statistics_checks(), *contracts()]
    if not query.reads_predictions
}
SAMPLE = [
    "box_size_bins",
    "coco_annotations",
    "items.unique",
    "negative_pairs",
    "polygons.finite",
    "statistics.box_sizes",
]
CONTRACTS = {contract.name for contract in contracts()}
STATEMENTS = (
    [*EVERY_STATEMENT]
    if ON_DEMAND
    else [name for name in EVERY_STATEMENT if name in SAMPLE or name not in CONTRACTS]
    if IN_CI
    else SAMPLE
)

VALUES = {
    "dataset": "deepfashion2",
    "split": "train",
    "pair_kind": "negative_random",
    "image_id": 1,
    "images": 2,
    "most": 5,
    "task": "landmarks",
}

LESS_CPU = {
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""To compile plans costs more than it saves where tables have a few rows."""

DAMAGE = """
insert into items select * replace (99 as category_id) from items;
insert into items select * replace (cast('nan' as double) as x2) from items limit 2;
insert into items select * replace (1e300 as x2, 7 as item_no) from items limit 1;
insert into items select * replace (null as y2, null as style) from items limit 1;
update items set scale = 'huge', landmarks_visible = 1 where item_no = 2;
insert into landmarks select * replace (cast('inf' as double) as x) from landmarks limit 3;
delete from landmarks where landmark_no = 5;
update polygons set points = list_concat(points[1:9], [cast('nan' as double)]) where polygon_no = 1;
update polygons set points = list_concat(points[1:9], [null]), area = -1 where polygon_no = 2;
insert into images select * replace ('user' as source, null as width) from images limit 1;
delete from images where image_id = 3;
update pairs set user_item_no = 7 where pair_kind = 'negative_random';
insert into triplets from triplets;
update listed_gallery set style = style + 1;
insert into rejections select * replace ('a "quoted" \\ text' as excerpt) from rejections;
delete from categories where category_id = 8;
"""


@pytest.fixture(scope="module")
def sound_release(sound_files, tmp_path_factory):
    """The files of the sound release, with every statistic stored."""
    files = dict(sound_files)
    with open_warehouse(sound_files, threads=1) as warehouse:
        for query in queries("statistics"):
            rows = run_query(warehouse, query.name)
            files |= write_statistic(tmp_path_factory.getbasetemp() / "stored", query.name, rows)
    return files


@pytest.fixture(scope="module")
def broken_release(sound, sound_release, tmp_path_factory):
    """Duplicate keys, lost rows, NaN and infinity, with the statistics of the sound release."""
    with duckdb.connect(config={"threads": 1}) as con:
        for name, rows in sound.items():
            con.register("rows", rows)
            con.execute(f"create table {name} as from rows")
        con.execute(DAMAGE)
        tables = {name: con.sql(f"from {name}").to_arrow_table() for name in sound}
    folder = tmp_path_factory.mktemp("broken [release]")
    vocabularies = [name for name in sound_release if name in ("categories", "landmark_types")]
    assert len(vocabularies) == 2
    return sound_release | write_files(folder, vocabularies=False, **tables)


@pytest.fixture(scope="module")
def engine():
    """Spark in this process; without Java or the extra, tests skip, but fail in CI."""
    with ExitStack() as stack:
        engine = stack.enter_context(spark_engine("local[1]", LESS_CPU))
        try:
            stack.enter_context(engine({}, only=["categories"]))
        except (MissingExtra, InputError) as error:
            pytest.fail(str(error)) if IN_CI else pytest.skip(str(error))
        yield engine


def outcome(warehouse, query):
    """The types and rows of a statement, or that it is refused."""
    required = {param.name for param in query.params if param.default is None}
    values = query.values({name: VALUES[name] for name in required})
    try:
        rows = select(warehouse, query.text, values).read_all()
    except InputError:
        return "refused"
    # Rows with equal keys have no order, but in a contract, which orders by all columns.
    ordered = query.columns if query.name in CONTRACTS else query.grain
    groups = groupby(rows.to_pylist(), lambda row: repr([row[name] for name in ordered]))
    # As texts: NaN is not equal to itself.
    return rows.schema, [text for _, group in groups for text in sorted(map(row_text, group))]


def row_text(row):
    """The row; numbers in the texts of checks have the form of Python.

    Engines write them in different forms: `nan` and `NaN`, `0.0001` and `1.0E-4`.
    """

    def number(match):
        with suppress(ValueError):
            return f"{match[1]} {float(match[2])!r}"
        return match[0]

    return re.sub(r"\b(stored|computed) ([-+.\w]+)", number, repr(row))


def differences(engine, files, names):
    """The statements whose rows differ, with the outcomes of both engines."""
    reads = {table for name in names for table in EVERY_STATEMENT[name].reads}
    with open_warehouse(files, threads=1) as duck, engine(files, only=reads) as spark:
        outcomes = {
            name: (outcome(duck, EVERY_STATEMENT[name]), outcome(spark, EVERY_STATEMENT[name]))
            for name in names
        }
    assert [name for name, (ours, _) in outcomes.items() if ours == "refused"] == []
    return {
        name: [
            *zip(ours[0], theirs[0], strict=False),
            *sorted({*ours[1]} ^ {*theirs[1]}),
        ][-2:]
        for name, (ours, theirs) in outcomes.items()
        if ours != theirs
    }


@on_demand
def test_every_statement_has_equal_rows_on_a_sound_release(engine, sound_release):
    assert differences(engine, sound_release, EVERY_STATEMENT) == {}


def test_statements_have_equal_rows_on_a_broken_release(engine, broken_release):
    assert differences(engine, broken_release, STATEMENTS) == {}


def test_parameters_are_values_whatever_their_text_is(engine):
    texts = [
        "' or 1 = 1 --",
        "\\' ; drop view categories",
        "$seed :seed ${seed}",
        "a\nb\0c",
        "é\\n",
    ]
    with engine({}, only=["categories"]) as spark:
        for text in texts:
            rows = select(spark, "select $seed as seed, $most as most", {"seed": text, "most": 3})
            assert rows.read_all().to_pylist() == [{"seed": text, "most": 3}]
        # Views of one release are not those of another.
        with engine({}, only=["images"]) as other, pytest.raises(InputError, match="categories"):
            select(other, "select category_id from categories")


def test_columns_may_have_equal_names(engine):
    with engine({}, only=["categories"]) as spark:
        assert fetch(spark, "select count(*), count(*), 1 as n, 2 as n") == [(1, 1, 1, 2)]


def test_a_damaged_file_is_named_in_one_sentence(engine, sound_release, tmp_path):
    damaged = tmp_path / "categories.parquet"
    damaged.write_bytes(b"PAR1 and no more")
    files = {"categories": [damaged]}
    with engine(files, only=["categories"]) as spark, pytest.raises(InputError) as caught:
        select(spark, "select category_id from categories").read_all()
    assert "\n" not in str(caught.value) and "categories.parquet" in str(caught.value)


def test_a_lake_in_a_store_is_refused(engine):
    files = {"categories": [ObjectPath.parse("s3://bucket/lake/categories.parquet")]}
    with pytest.raises(InputError, match="lakes in folders only"), engine(files):
        pass


@pytest.fixture
def master(engine, monkeypatch):
    """A master for the command line, which takes the session of this file instead of its own."""
    masters = {"local[1]": engine}
    monkeypatch.setattr(engines, "spark_engine", lambda url: nullcontext(masters[url]))
    return "--engine", "spark", "--master", *masters


def test_a_query_of_the_command_line_runs_on_spark(master, lake):
    query = ("query", "split_totals", "--format", "json", "--lake", lake)
    theirs = wardrobe(*query, *master)
    assert (theirs.returncode, theirs.stdout) == (0, wardrobe(*query).stdout)


@on_demand
def test_the_checks_of_the_command_line_agree(master, lake):
    check = ("check", "--format", "json", "--lake", lake)
    theirs = wardrobe(*check, *master)
    assert (theirs.returncode, theirs.stdout) == (0, wardrobe(*check).stdout)


@on_demand
def test_derived_files_have_the_bytes_of_duckdb(master, engine, lake, tmp_path):
    own = copy_of(lake, tmp_path / "lake")
    before = Lake(own).release().id
    assert wardrobe("derive", "--lake", own, *master).returncode == 0
    assert Lake(own).release().id == before
    summary = derive(own, PairSettings(ALL_KINDS, seed="7"), engine=engine)
    assert summary.release != before
    assert derive(own).release == summary.release


def test_without_the_extra_or_java_one_sentence_says_what_to_install(monkeypatch, lake):
    query = ("query", "split_totals", "--engine", "spark", "--lake", lake)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pyspark", None)
        refused = wardrobe(*query)
        assert is_one_sentence(refused)
        assert "needs pyspark" in refused.stderr and "[spark]" in refused.stderr
    pytest.importorskip("pyspark")
    refused = wardrobe(*query, JAVA_HOME="/no/java")
    assert is_one_sentence(refused)
    assert "JAVA_HOME (/no/java) has none: install openjdk" in refused.stderr


def test_a_master_needs_the_engine(lake):
    for command in (["derive"], ["check"], ["query", "split_totals"]):
        refused = wardrobe(*command, "--master", "local[2]", "--lake", lake)
        assert is_one_sentence(refused), command
        assert "add --engine spark" in refused.stderr

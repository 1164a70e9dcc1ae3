"""Spark gives the rows of DuckDB, in its order and types, on a sound and on a broken release.

Java takes a second of CPU for each statement, so the whole comparison is for CI (WARDROBE_CI):
without it a sample of the statements runs, on the broken release.
"""

import os
import sys
from contextlib import ExitStack

import duckdb
import pytest
from damaged_lakes import copy_of
from releases import write_files, write_statistic

from flows.lake import Lake
from flows.pipelines.derive import derive
from flows.pipelines.engines import sql_engine
from flows.pipelines.query import check_release, named_query
from flows.warehouse import contracts, open_warehouse, queries, run_query, spark_engine
from flows.warehouse.engines import select
from flows.warehouse.statistics_checks import statistics_checks
from schemas.errors import InputError, MissingExtra

pytestmark = pytest.mark.slow

IN_CI = "WARDROBE_CI" in os.environ
only_in_ci = pytest.mark.skipif(not IN_CI, reason="minutes of CPU: set WARDROBE_CI")

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
    "statistics.published_totals",
]
STATEMENTS = EVERY_STATEMENT if IN_CI else SAMPLE
CONTRACTS = {contract.name for contract in contracts()}

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
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""To compile plans and hot code costs more than it saves where a statement runs once or twice."""

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
    keys = [tuple(row[name] for name in query.grain) for row in rows.to_pylist()]
    texts = [repr(row) for row in rows.to_pylist()]  # NaN is not equal to itself
    # Rows with equal keys have no order: a contract that finds them sorts by all columns.
    has_order = len(set(keys)) == len(keys) or query.name in CONTRACTS
    return rows.schema, texts if has_order else sorted(texts)


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


@only_in_ci
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


def test_a_damaged_file_is_named_in_one_sentence(engine, sound_release, tmp_path):
    damaged = tmp_path / "categories.parquet"
    damaged.write_bytes(b"PAR1 and no more")
    files = {"categories": [damaged]}
    with engine(files, only=["categories"]) as spark, pytest.raises(InputError) as caught:
        select(spark, "select category_id from categories").read_all()
    assert "\n" not in str(caught.value) and "categories.parquet" in str(caught.value)


@only_in_ci
def test_derived_files_have_the_bytes_of_duckdb(engine, lake, tmp_path):
    own = copy_of(lake, tmp_path / "lake")
    before = Lake(own).release()
    summary = derive(own, engine=engine)
    assert summary.release == before.id
    assert Lake(own).release().id == before.id


@only_in_ci
def test_checks_and_queries_of_a_release_agree(engine, lake):
    ours, theirs = (check_release(lake, None, each) for each in (open_warehouse, engine))
    assert theirs.to_pylist() == ours.to_pylist()
    with named_query(lake, None, "split_totals", {}, engine) as rows:
        theirs = rows.read_all()
    with named_query(lake, None, "split_totals", {}) as rows:
        assert theirs == rows.read_all()


def test_without_the_extra_or_java_one_sentence_says_what_to_install(monkeypatch, lake):
    def opened():
        with sql_engine("local[1]") as engine, engine({}):
            pass

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pyspark", None)
        with pytest.raises(MissingExtra, match=r"needs pyspark.*\[spark\]"):
            opened()
    pytest.importorskip("pyspark")
    monkeypatch.setenv("JAVA_HOME", "/no/java")
    with pytest.raises(InputError, match=r"JAVA_HOME \(/no/java\) has none: install openjdk"):
        opened()

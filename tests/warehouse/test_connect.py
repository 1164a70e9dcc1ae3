"""A warehouse has a view per declared table, with or without files, and reaches nothing else."""

import ast
import gc
import os
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from builders import garment, photo
from releases import write_files, write_statistic

from flows.release.file_system import ReleaseFiles
from flows.warehouse import (
    open_read_only,
    open_warehouse,
    queries,
    read_matching,
    read_table,
    run_query,
)
from schemas import TABLES
from schemas.errors import InputError


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1])
def test_tables_with_and_without_files_have_the_declared_columns_and_types(tmp_path, rows):
    given = {name: [{}] for name in TABLES} if rows else {}
    with open_warehouse(write_files(tmp_path, vocabularies=False, **given)) as con:
        for name, declared in TABLES.items():
            table = con.sql(f"select * from {name}").to_arrow_table()
            assert table.num_rows == rows
            assert table.schema.names == declared.schema.names
            assert table.schema.types == declared.schema.types


def test_partition_words_stay_words_when_they_look_like_numbers(tmp_path):
    files = write_files(tmp_path, items=[garment(1, 1, dataset="0012", split="2026-01-01")])
    (row,) = open_warehouse(files).sql("select dataset, split from items").fetchall()
    assert row == ("0012", "2026-01-01")


@pytest.mark.parametrize("folder", ["it's", 'a "quoted" one', "with [brackets]", "star*", "why?"])
def test_a_folder_may_have_any_name(tmp_path, folder):
    files = write_files(tmp_path / folder, items=[garment(7, 1)])
    # What the brackets would match, were they a pattern.
    write_files(tmp_path / "with b", items=[garment(8, 1)])
    write_files(tmp_path / "star and more", items=[garment(8, 1)])
    assert open_warehouse(files).sql("select image_id from items").fetchall() == [(7,)]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["dataset=other", "split=other/dataset=x", "a=b", b"caf\xe9"])
def test_no_folder_above_a_release_labels_its_rows(tmp_path, folder):
    made = tmp_path / "made"
    files = write_files(made, images=[photo(1, "user", 1)], items=[garment(7, 1)])
    with open_warehouse(files) as con:
        files |= write_statistic(made, "split_totals", read_table(con, "split_totals"))
    above = tmp_path / os.fsdecode(folder) / "lake"
    above.parent.mkdir(parents=True)
    made.rename(above)
    moved = {name: [above / p.relative_to(made) for p in paths] for name, paths in files.items()}
    with open_warehouse(moved) as con:
        for table in ("items", "images", "split_totals"):
            rows = con.sql(f"select dataset, split from {table}").fetchall()
            assert rows == [("deepfashion2", "train")]
        names = con.sql("select distinct dataset from categories order by all").fetchall()
        assert names == [("deepfashion2",), ("fashion-mnist",), ("fashionai",)]


def test_two_releases_can_be_read_at_once(tmp_path):
    left = write_files(tmp_path / "left", items=[garment(1, 1)], vocabularies=False)
    right = write_files(tmp_path / "right", items=[garment(2, 1)], vocabularies=False)
    con = open_warehouse({"items": left["items"] + right["items"]})
    rows = con.sql("select dataset, split, image_id from items order by image_id").fetchall()
    assert rows == [("deepfashion2", "train", 1), ("deepfashion2", "train", 2)]


@pytest.mark.parametrize("damage", [b"", b"PAR1" + bytes(99) + b"PAR1", b"text" * 99, None])
def test_a_damaged_file_is_one_sentence(tmp_path, damage, monkeypatch):
    spills = tmp_path / "spills"
    spills.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spills))
    files = write_files(tmp_path, items=[garment(1, 1)])
    (part,) = files["items"]
    opened = open_warehouse(files)
    part.unlink()
    if damage is not None:
        part.write_bytes(damage)
    (spill,) = spills.iterdir()
    for use in (lambda: open_warehouse(files), lambda: run_query(opened, "items_by_category")):
        with pytest.raises(InputError, match=r"items/dataset=.*wardrobe verify") as caught:
            use()
        assert "\n" not in str(caught.value)
    assert list(spills.iterdir()) == [spill]  # of the open connection


@pytest.mark.slow
def test_a_query_spills_into_a_private_folder_that_goes_with_the_connection(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first, second = (open_warehouse({}, memory_limit="80MB", threads=1) for _ in range(2))
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 2
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 2
    setting = "select current_setting('temp_directory')"
    assert sorted(con.execute(setting).fetchone()[0] for con in (first, second)) == [
        str(folder) for folder in folders
    ]
    del first, second
    gc.collect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_hundreds_of_files_are_one_table(tmp_path):
    files = write_files(tmp_path, items=[garment(n, 1, split=f"part-{n}") for n in range(300)])
    assert len(files["items"]) == 300
    con = open_warehouse(files)
    assert con.sql("select count(*), count(distinct split) from items").fetchall() == [(300, 300)]


@pytest.mark.slow
def test_a_stored_statistic_is_read_and_a_missing_one_computed(tmp_path):
    files = write_files(tmp_path, images=[photo(1, "user", 1)])
    con = open_warehouse(files)
    assert con.sql("select images from split_totals").fetchall() == [(1,)]

    other = con.sql("select * replace (41 as images) from split_totals").to_arrow_table()
    again = open_warehouse(files | write_statistic(tmp_path, "split_totals", other))
    assert again.sql("select images from split_totals").fetchall() == [(41,)]
    # A statistic that reads another reads what is stored.
    published = "select max(ours) from published_totals where measure = 'images'"
    assert again.sql(published).fetchall() == [(41,)]


def test_every_statistic_is_a_view():
    con = open_warehouse({})
    for one in queries("statistics"):
        assert con.sql(f"select * from {one.name}").columns == list(one.columns)


def test_settings_are_taken_from_the_caller(tmp_path):
    con = open_warehouse({}, threads=3, memory_limit="512MB", temp_directory=tmp_path / "spill")
    names = ("threads", "temp_directory", "enable_progress_bar", "autoinstall_known_extensions")
    values = [con.execute(f"select current_setting('{name}')").fetchall()[0][0] for name in names]
    assert values == [3, str(tmp_path / "spill"), False, False]
    assert con.execute("select current_setting('memory_limit')").fetchall() == [("488.2 MiB",)]


@pytest.mark.slow
def test_nothing_spills_into_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    con = open_warehouse({}, memory_limit="80MB", threads=1)
    con.sql("select a, md5(a::varchar) as b from range(600000) t(a) order by b").to_arrow_table()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_fetched_from_the_network():
    with pytest.raises(duckdb.Error, match="httpfs"):
        open_warehouse({}).sql("select * from read_parquet('s3://bucket/x.parquet')")


def test_answers_are_plain_arrow_strings(tmp_path):
    files = write_files(tmp_path, items=[garment(1, 1)])
    rows = open_warehouse(files).sql("select category_name from items").to_arrow_table()
    assert rows.schema.field("category_name").type == pa.string()


def test_read_table_has_all_rows_or_the_first_ones(tmp_path):
    files = write_files(tmp_path, items=[garment(number, 1) for number in (3, 1, 2)])
    with open_warehouse(files) as warehouse:
        assert read_table(warehouse, "items")["image_id"].to_pylist() == [3, 1, 2]
        assert read_table(warehouse, "items", limit=2)["image_id"].to_pylist() == [1, 2]
        assert read_table(warehouse, "split_totals").num_rows == 0


def test_read_matching_has_the_rows_of_the_keys_in_key_order(tmp_path):
    items = [garment(2, 1, 2), garment(2, 1), garment(1, 1), garment(1, 1, split="test")]
    keys = pa.table({"split": ["train", "train"], "image_id": pa.array([2, 9], pa.int64())})
    with open_warehouse(write_files(tmp_path, items=items)) as warehouse:
        rows = read_matching(warehouse, "items", keys)
    assert rows.schema.names == TABLES["items"].schema.names
    assert rows.select(["image_id", "item_no"]).to_pylist() == [
        {"image_id": 2, "item_no": 1},
        {"image_id": 2, "item_no": 2},
    ]


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.slow
def test_no_other_package_imports_duckdb():
    flows = Path(__file__).parents[2] / "flows"
    importers = {path.parent for path in flows.rglob("*.py") if "duckdb" in imported(path)}
    assert importers == {flows / "warehouse"}


@pytest.mark.parametrize("opened", [open_warehouse, open_read_only])
def test_many_files_are_opened_with_as_many_calls_as_one(tmp_path, monkeypatch, opened):
    calls = []
    for name in ("glob", "info", "open"):
        call = getattr(ReleaseFiles, name)
        monkeypatch.setattr(
            ReleaseFiles, name, lambda *args, c=call, **more: calls.append(args) or c(*args, **more)
        )
    numbers = []
    for count in (1, 30):
        items = [garment(number, 1, split=f"part-{number}") for number in range(count)]
        with opened(write_files(tmp_path / f"{count}", items=items)) as con:
            numbers.append(len(calls))
            assert con.sql("select count(*) from items").fetchall() == [(count,)]
        calls.clear()
    assert numbers[0] == numbers[1]

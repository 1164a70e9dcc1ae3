"""A warehouse has a view per declared table, with or without files, and reaches nothing else."""

import duckdb
import pyarrow as pa
import pytest
from tiny_release import garment, photo, tiny_release

from flows.warehouse import open_warehouse, queries
from schemas import TABLES


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_files_is_empty_and_typed(name):
    found = open_warehouse({}).sql(f"select * from {name}").to_arrow_table()
    assert found.num_rows == 0
    assert found.schema.names == TABLES[name].schema.names
    assert found.schema.types == TABLES[name].schema.types


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_files_has_the_same_columns_and_types(tmp_path, name):
    files = tiny_release(tmp_path, **{name: [{}]}, vocabularies=False)
    found = open_warehouse(files).sql(f"select * from {name}").to_arrow_table()
    assert found.num_rows == 1
    assert found.schema.names == TABLES[name].schema.names
    assert found.schema.types == TABLES[name].schema.types


def test_partition_words_stay_words_when_they_look_like_numbers(tmp_path):
    files = tiny_release(tmp_path, items=[garment(1, 1, dataset="0012", split="2026-01-01")])
    (row,) = open_warehouse(files).sql("select dataset, split from items").fetchall()
    assert row == ("0012", "2026-01-01")


@pytest.mark.parametrize("folder", ["it's", 'a "quoted" one', "with [brackets]", "star*", "why?"])
def test_a_folder_may_have_any_name(tmp_path, folder):
    files = tiny_release(tmp_path / folder, items=[garment(7, 1)])
    # What the brackets would match, were they a pattern.
    tiny_release(tmp_path / "with b", items=[garment(8, 1)])
    tiny_release(tmp_path / "star and more", items=[garment(8, 1)])
    assert open_warehouse(files).sql("select image_id from items").fetchall() == [(7,)]


def test_hundreds_of_files_are_one_table(tmp_path):
    rows = [garment(n, 1, split=f"part-{n}") for n in range(300)]
    files = tiny_release(tmp_path, items=rows)
    assert len(files["items"]) == 300
    con = open_warehouse(files)
    assert con.sql("select count(*), count(distinct split) from items").fetchall() == [(300, 300)]


def test_a_stored_statistic_is_read_and_a_missing_one_computed(tmp_path):
    files = tiny_release(tmp_path / "a", images=[photo(1, "user", 1)])
    con = open_warehouse(files)
    assert con.sql("select images from split_totals").fetchall() == [(1,)]

    stored = tmp_path / "split_totals.parquet"
    con.sql("select * replace (41 as images) from split_totals").write_parquet(str(stored))
    again = open_warehouse(files | {"statistics/split_totals": [stored]})
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


def test_nothing_spills_into_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    con = open_warehouse({}, memory_limit="80MB", threads=1)
    con.sql("select a, md5(a::varchar) as b from range(600000) t(a) order by b").to_arrow_table()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_fetched_from_the_network():
    with pytest.raises(duckdb.Error, match="httpfs"):
        open_warehouse({}).sql("select * from read_parquet('s3://bucket/x.parquet')")


def test_answers_are_plain_arrow_strings(tmp_path):
    files = tiny_release(tmp_path, items=[garment(1, 1)])
    found = open_warehouse(files).sql("select category_name from items").to_arrow_table()
    assert found.schema.field("category_name").type == pa.string()

"""Which relations SQL of a user reads, and that only their files are opened."""

from pathlib import Path

import duckdb
import pytest
from builders import garment, photo
from releases import write_files

from flows.warehouse import open_read_only, run_user_sql
from flows.warehouse.read_relations import read_relations
from schemas.errors import InputError

SELECTS = {
    "": set(),
    "select 1": set(),
    "values (1), (2)": set(),
    "from items": {"items"},
    "SELECT count(*) FROM Items": {"items"},
    "table items; select (select count(*) from images)": {"items", "images"},
    "select * from items join images using (dataset, split, image_id)": {"items", "images"},
    "with own as (from images) select * from own, lateral (from items)": {"images", "items"},
    "with recursive n as (select 1 as i union all select i + 1 from n where i < 3) from n": set(),
    "with images as (select 1) from images": {"images"},
    "from (values (1)) as own(i) where i in (select item_no from items)": {"items"},
    "from items_full": {"items_full"},
    "from split_totals order by all": {"split_totals"},
    "unpivot (select item_no from items) on item_no": {"items"},
    "select pg_typeof(1)": None,
    "select upper(source) from images": {"images"},
}
"""Texts with the relations that they read; None: it may be any."""

OTHERS = (
    "show tables",
    "describe items",
    "summarize items",
    "from (show tables)",
    "select view_name from duckdb_views() where not internal",
    "select table_name from information_schema.tables",
    "from memory.main.items",
    "from main.items",
    "from query('from items')",
    "from query_table('items')",
    "select pg_get_viewdef(view_oid) from duckdb_views() where view_name = 'items'",
    "select json_serialize_plan('from items')",
    "create temp table own as from items; drop table own; from items",
    "pivot items on split using count(*)",
    "explain from items",
    "pragma show_tables",
    "from itemz",
    "selec 1",
)
"""Texts that may read any relation, list them, or suggest them in an error."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    return write_files(folder, images=[photo(1, "user", 1)], items=[garment(1, 1), garment(2, 1)])


@pytest.fixture(scope="module")
def everything(files):
    return open_read_only(files)


@pytest.mark.parametrize("text", [*SELECTS, *OTHERS])
def test_a_text_gets_the_relations_that_it_reads(text):
    assert read_relations(duckdb.connect(), text) == SELECTS.get(text)


@pytest.mark.parametrize("text", [*SELECTS, *OTHERS])
def test_rows_and_errors_are_those_with_all_relations(files, everything, text):
    def outcome(con):
        try:
            return run_user_sql(con, text).read_all()
        except InputError as error:
            return str(error)

    with open_read_only(files, sql=text) as con:
        assert outcome(con) == outcome(everything)


def test_only_files_that_a_text_reads_are_opened(files, tmp_path):
    damaged = tmp_path / Path(files["images"][0]).relative_to(files["images"][0].parents[2])
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"not Parquet")
    files = {**files, "images": [damaged]}
    with open_read_only(files, sql="select count(*) from items") as con:
        assert run_user_sql(con, "select count(*) from items").read_all()[0].to_pylist() == [2]
    for text in ("from images", "show tables"):
        with pytest.raises(InputError):
            open_read_only(files, sql=text)

"""The DuckDB file of a release, opened by DuckDB alone: tables, comments and macros."""

import duckdb
import pytest

from flows.warehouse import open_warehouse, queries, run_query, write_database
from schemas import TABLES

pytestmark = pytest.mark.slow

VALUES = {
    "dataset": "deepfashion2",
    "split": "validation",
    "first_image_id": 20,
    "last_image_id": 90,
    "images": 7,
    "image_id": 1,
    "seed": "it's 3",
    "strict": True,
    "pair_kind": "negative_same_category",
    "negatives_per_positive": 2,
    "max_per_query": 3,
    "max_positives": 1,
    "same_category": True,
    "most": 2,
    "source": "user",
    "landmarks": False,
    "polygons": False,
    "task": "classification",
}
"""A value for each parameter of a query, other than its default."""


@pytest.fixture(scope="module")
def databases(made_up, tmp_path_factory):
    """Connections to a file with views over a release, and to one with copies."""
    folder = tmp_path_factory.mktemp("databases")
    for copy in (False, True):
        path = folder / f"{copy}.duckdb"
        write_database(made_up, path, copy=copy, origin="release-1", on_progress=lambda *_: None)
    assert sorted(path.name for path in folder.iterdir()) == ["False.duckdb", "True.duckdb"]
    return [duckdb.connect(path, read_only=True) for path in sorted(folder.iterdir())]


def test_each_macro_answers_as_its_query_with_other_values_than_the_defaults(databases, made_up):
    con, _ = databases
    with open_warehouse(made_up) as warehouse:
        for query in [each for each in queries() if not each.reads_predictions]:
            values = {param.name: VALUES[param.name] for param in query.params}
            assert all(values[param.name] != param.default for param in query.params), query.name
            arguments = ", ".join(f"p_{name} := ${name}" for name in values)
            macro = con.sql(f"from {query.name}({arguments})", params=values or None)
            rows = run_query(warehouse, query.name, values).to_pylist()
            assert macro.to_arrow_table().to_pylist() == rows, query.name
            assert rows or not values or query.name in {"class_pictures", "training_pictures"}


def test_defaults_of_macros_are_those_of_the_headers(databases, made_up):
    con, _ = databases
    with open_warehouse(made_up) as warehouse:
        for query in [each for each in queries() if not each.reads_predictions]:
            required = {p.name: VALUES[p.name] for p in query.params if p.default is None}
            if len(required) < len(query.params):
                arguments = ", ".join(f"${name}" for name in required)
                macro = con.sql(f"from {query.name}({arguments})", params=required or None)
                rows = run_query(warehouse, query.name, required).to_pylist()
                assert macro.to_arrow_table().to_pylist() == rows, query.name


@pytest.mark.parametrize("number", [0, 1])
def test_tables_statistics_and_views_are_those_of_the_warehouse(number, databases, made_up):
    con = databases[number]
    kinds = dict(con.sql("select table_name, table_type from information_schema.tables").fetchall())
    described = {query.name: query for query in queries() if query.kind in ("statistics", "views")}
    assert kinds.keys() == TABLES.keys() | described.keys()
    views = {name for name, kind in kinds.items() if kind == "VIEW"}
    assert views == (({"items_full", "landmarks_full"}) if number else kinds.keys())
    with open_warehouse(made_up) as warehouse:
        for name in kinds:
            rows = [each.sql(f"from {name} order by all") for each in (con, warehouse)]
            assert rows[0].columns == rows[1].columns and rows[0].types == rows[1].types
            assert rows[0].fetchall() == rows[1].fetchall(), name


@pytest.mark.parametrize("number", [0, 1])
def test_columns_have_the_declared_comments(number, databases):
    con = databases[number]
    comments = {
        (table, column): comment
        for table, column, comment in con.sql(
            "select table_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    }
    assert all(comments.values())
    assert comments["items", "x1"] == "Left edge of the box; null without a box. Unit: px."
    assert comments["landmarks_full", "sigma"].startswith("OKS constant")
    assert comments["split_totals", "pairs"] == "positive consumer-to-shop pairs of items"
    for kind in ("tables", "views"):
        rows = con.sql(f"select comment from duckdb_{kind}() where not internal").fetchall()
        assert all("(release-1)" in comment for (comment,) in rows)
    macros = con.sql("select comment from duckdb_functions() where comment is not null").fetchall()
    assert len(macros) == sum(not each.reads_predictions for each in queries())
    assert any("p_strict: flag: only items with a style above" in text for (text,) in macros)


def test_a_parameter_hides_no_column_of_a_table(databases):
    con, _ = databases
    columns = {name for (name,) in con.sql("select column_name from duckdb_columns()").fetchall()}
    assert not {name for name in columns if name.startswith("p_")}
    rows = con.sql("from coco_images('zzz', 'train')").fetchall()
    assert rows == []


def test_older_releases_of_duckdb_can_open_the_file(databases):
    for con in databases:
        versions = "select tags['storage_version'] from duckdb_databases() where not internal"
        assert con.sql(versions).fetchall() == [("v1.4.0+",)]


def test_an_attached_file_answers_macros_when_it_is_in_use(databases):
    ((path,),) = (
        databases[0].sql("select path from duckdb_databases() where not internal").fetchall()
    )
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as shop (read_only)")
        assert con.sql("select count(*) > 0 from shop.landmarks_full").fetchall() == [(True,)]
        con.execute("use shop")
        assert con.sql("from retrieval_queries(p_strict := true)").fetchall()

"""Each file of sql/ is compared with its header, without any data."""

import re

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from flows.warehouse import (
    contracts,
    open_warehouse,
    queries,
    read_columns,
    result_schema,
    view_schema,
)
from flows.warehouse.queries import SEVERITIES, Query
from flows.warehouse.statistics_checks import statistics_checks
from schemas import TABLES
from schemas.predictions import PREDICTIONS

STATISTICS = {query.name for query in queries("statistics")}
VIEWS = {query.name: query for query in queries("views")}
STATEMENTS = [*queries(), *statistics_checks(), *contracts()]
"""The files of sql/, and the checks that are generated."""


@pytest.fixture(scope="module")
def empty_release():
    return open_warehouse({}, only=[*TABLES, *STATISTICS, *VIEWS, *PREDICTIONS])


@pytest.mark.slow
def test_parameters_and_columns_are_those_of_the_header(empty_release):
    for query in STATEMENTS:
        (statement,) = duckdb.extract_statements(query.text)
        assert statement.type == duckdb.StatementType.SELECT, query.name
        assert statement.named_parameters == set(query.param_names), query.name
        result = empty_release.execute(query.text, dict.fromkeys(query.param_names))
        assert [column[0] for column in result.description] == list(query.columns), query.name


def test_a_query_reads_the_tables_of_its_header():
    for query in STATEMENTS:
        tree = sqlglot.parse_one(query.text, read="duckdb")
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        tables = {table.name for table in tree.find_all(exp.Table)} - ctes
        assert tables == set(query.reads), query.name
        assert tables <= TABLES.keys() | PREDICTIONS.keys() | STATISTICS | VIEWS.keys(), query.name


@pytest.mark.slow
def test_a_query_reads_no_columns_but_those_that_it_is_taken_to_read(empty_release):
    """Other tables, and other columns of these, do not exist here."""
    con = duckdb.connect()
    statistics = {each.name: result_schema(empty_release, each) for each in queries("statistics")}
    schemas = {name: table.schema for name, table in TABLES.items()} | statistics
    for name, schema in schemas.items():
        con.from_arrow(schema.empty_table()).create(f"all_{name}")
    for query in (each for each in STATEMENTS if each.kind in ("pairs", "statistics", "checks")):
        reads = read_columns(query)
        for name, columns in reads.items():
            selected = "*" if name in statistics else ", ".join(columns)
            con.execute(f"create view {name} as select {selected} from all_{name}")
        con.execute(query.text, dict.fromkeys(query.param_names))
        if query.examines:
            con.execute(f"select {', '.join(query.examines.counts)} from {query.examines.source}")
        for name in reads:
            con.execute(f"drop view {name}")


def test_pairs_are_not_taken_to_read_boxes():
    (positive,) = (each for each in queries("pairs") if each.name == "positive_pairs")
    assert read_columns(positive) == {
        "images": {"dataset", "split", "image_id", "source", "pair_id"},
        "items": {"dataset", "split", "image_id", "item_no", "category_id", "style"},
    }


def test_a_header_states_its_rule_in_prose():
    for query in queries():
        assert re.fullmatch(r"[A-Z`'].*[.]", query.title), query.title
        if query.kind in ("statistics", "pairs", "checks"):
            assert query.prose, query.name
        assert all(doc.strip() for doc in query.columns.values()), query.name
        assert all(param.doc.strip() for param in query.params), query.name
        assert (query.severity in SEVERITIES) == (query.kind == "checks"), query.name


def order_of(query: Query) -> list[str]:
    """The columns of the last `order by`."""
    order = sqlglot.parse_one(query.text, read="duckdb").args["order"]
    return [ordered.this.name for ordered in order.expressions]


# Items come in the order of their COCO ids, images of a pair with the consumers' first.
OTHER_ORDER = {"coco_annotations", "pair_images"}


def test_results_are_ordered_by_their_grain():
    for query in STATEMENTS:
        assert set(query.grain) <= set(query.columns), query.name
        if query in queries() and query.name not in OTHER_ORDER:
            assert order_of(query) == list(query.grain), query.name


def test_a_statistic_takes_no_parameters_because_a_view_has_none():
    assert [
        query.name for query in STATEMENTS if query.kind in ("statistics", "views") and query.params
    ] == []


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_has_the_declared_types_and_the_rows_of_the_table_it_widens(view, sound_files):
    table = view.name.removesuffix("_full")
    with open_warehouse(sound_files) as con:
        (plan,) = con.sql(f"explain from {view.name}").fetchall()
        assert "Order By" not in plan[1]
        rows = con.sql(f"from {view.name} order by all").to_arrow_table()
        columns = ", ".join(TABLES[table].schema.names)
        own = con.sql(f"select {columns} from {table} order by all").to_arrow_table()
    assert (rows.schema.names, rows.schema.types) == (
        view_schema(view).names,
        view_schema(view).types,
    )
    assert rows.select(own.schema.names).to_pylist() == own.to_pylist() != []
    assert {"file_name", "source", "pair_id", "coco_name"} <= set(rows.schema.names)


def test_pair_sets_have_the_columns_of_their_table(empty_release):
    for name, parameters in (
        ("positive_pairs", {}),
        ("negative_pairs", {"pair_kind": "negative_random"}),
        ("triplets", {}),
    ):
        (query,) = (query for query in queries("pairs") if query.name == name)
        table = TABLES["triplets" if name == "triplets" else "pairs"]
        rows = empty_release.sql(query.text, params=query.values(parameters)).to_arrow_table()
        assert rows.schema.names == table.schema.names
        assert rows.schema.types == table.schema.types
        assert query.grain == table.key


def test_statistics_and_views_do_not_hide_tables():
    assert not (STATISTICS | VIEWS.keys()) & TABLES.keys()

"""Every file of sql/ is held to its header, without any data."""

import re

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from flows.warehouse import open_warehouse, queries, query
from flows.warehouse.queries import SEVERITIES
from schemas import TABLES

QUERIES = [one.name for one in queries()]
STATISTICS = {one.name for one in queries("statistics")}


@pytest.fixture(scope="module")
def empty_release():
    return open_warehouse({})


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_keeps_the_promises_of_its_header(name, empty_release):
    one = query(name)
    (statement,) = duckdb.extract_statements(one.text)
    assert statement.type == duckdb.StatementType.SELECT
    assert statement.named_parameters == set(one.promises("param"))

    result = empty_release.execute(one.text, dict.fromkeys(statement.named_parameters))
    assert [column[0] for column in result.description] == list(one.promises("column"))


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_reads_what_its_header_says(name):
    tree = sqlglot.parse_one(query(name).text, read="duckdb")
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    read = {table.name for table in tree.find_all(exp.Table)} - own
    assert read == set(query(name).reads)
    assert read <= TABLES.keys() | STATISTICS


@pytest.mark.parametrize("name", QUERIES)
def test_a_header_says_what_is_asked_in_prose(name):
    one = query(name)
    assert re.fullmatch(r"[A-Z`'].*[.?]", one.title), one.title
    if one.kind in ("statistics", "pairs", "checks"):
        assert len(one.prose.split()) >= 10, "the rule belongs in the header"
    assert all(doc.strip() for doc in one.columns.values())
    assert all(param.doc.strip() for param in one.params)
    assert len(set(one.columns)) == len(one.columns)


@pytest.mark.parametrize("name", QUERIES)
def test_a_row_of_an_answer_is_named_by_its_grain(name):
    assert set(query(name).grain) <= set(query(name).columns)


@pytest.mark.parametrize("name", QUERIES)
def test_an_answer_is_ordered(name):
    tree = sqlglot.parse_one(query(name).text, read="duckdb")
    assert tree.args.get("order"), "the last select must say in which order its rows come"


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_says_how_bad_it_is_when_it_is_a_check(name):
    one = query(name)
    assert (one.severity in SEVERITIES) == (one.kind == "checks")


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_a_statistic_takes_no_parameters_because_a_view_has_none(name):
    assert query(name).params == ()


PAIR_SETS = [one for one in queries("pairs") if not one.name.startswith("retrieval")]


@pytest.mark.parametrize("one", PAIR_SETS, ids=lambda one: one.name)
def test_pair_sets_have_the_columns_of_their_table(one, empty_release):
    table = TABLES["triplets" if one.name == "triplets" else "pairs"]
    answer = empty_release.sql(one.text, params=one.values()).to_arrow_table()
    assert answer.schema.names == table.schema.names
    assert answer.schema.types == table.schema.types
    assert one.grain == table.key


def test_statistics_do_not_hide_tables():
    assert not STATISTICS & TABLES.keys()

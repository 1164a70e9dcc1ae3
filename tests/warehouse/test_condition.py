"""A condition of a user: exactly one SQL expression, whatever stands around it."""

import duckdb
import pytest

from flows.warehouse import sql_condition
from schemas.errors import InputError


@pytest.fixture(scope="module")
def con():
    return duckdb.connect()


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "x1 < 5 and style > 0 -- a comment",
        "category_name in ('a); select 1', 'b') /* ) */",
        "exists (select 1 from items where style = 1)",
        "case when x1 > 0 then true end",
        "'--' <> \"x\"",
        "$$a)$$ = 'b'",
    ],
)
def test_one_expression_is_put_between_parentheses(con, text):
    condition = sql_condition(con, text)
    assert condition == f"(\n{text}\n)"
    around = f"select true from items_full where a and {condition} and b"
    (statement,) = con.extract_statements(around)
    assert statement.type == duckdb.StatementType.SELECT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-- nothing",
        "true;",
        "true; select 2",
        "true) or (true",
        "true)--",
        "true /*",
        "true union select 1",
        "true group by all",
        "true order by 1",
        "true limit 1",
        "true window w as ()",
        "true qualify true",
        "true using sample 1",
        "1, 2",
        "select 1",
        "from items",
        "$value",
        "?",
        "'",
        "$$a",
        "\ud800",
        "a\0b",
        "(" * 3000,
    ],
)
def test_other_text_is_refused(con, text):
    with pytest.raises(InputError) as refused:
        sql_condition(con, text)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)

"""A condition of a user: exactly one SQL expression, whatever stands around it."""

import re

import duckdb
import pytest

from flows.warehouse import require_repeatable, sql_condition
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
        "(" * 300,
    ],
)
def test_other_text_is_refused(con, text):
    with pytest.raises(InputError) as refused:
        sql_condition(con, text)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("random() < 0.5", "random()"),
        ("RANDOM() < 0.5", "random()"),
        ("now() > captured", "now()"),
        ("captured < current_date", "current_date"),
        ("captured < CURRENT_TIMESTAMP", "current_timestamp"),
        ("captured < current_localtimestamp()", "current_localtimestamp()"),
        ("age(captured) > interval 1 year", "age()"),
        ("exists (from images where id = uuid())", "uuid()"),
        ("image_id in (select image_id from images using sample 10)", "a sample"),
        ("exists (from images using sample reservoir(9 rows) repeatable (3))", "a sample"),
        ("exists (select 1 from images tablesample 3%)", "a sample"),
        ("exists (with a as (from images using sample 1) from a)", "a sample"),
    ],
)
def test_a_clock_chance_or_a_sample_is_not_repeatable(con, text, cause):
    with pytest.raises(InputError, match=f"condition has {re.escape(cause)}, so"):
        require_repeatable(con, sql_condition(con, text))


@pytest.mark.parametrize(
    "text",
    [
        "style > 0 and image_id % 10 = 0",
        "category_name = 'random()' and source <> 'current_date'",
        "items_full.current_date is null",
        "{'sample': 1, 'now': 2} is not null",
        "md5(file_name) < '8' -- now()",
        "image_id in (select sample from images)",
    ],
)
def test_a_condition_of_columns_is_repeatable(con, text):
    require_repeatable(con, sql_condition(con, text))

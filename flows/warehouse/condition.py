"""A SQL condition of a user: text in, the same text as one expression between parentheses out."""

import duckdb

from flows.warehouse.connect import engine_errors
from schemas.errors import InputError

MOST_CHARACTERS = 4_000
"""Of a condition. DuckDB limits the depth of an expression itself."""

_PARSED = """
select
    json_extract_string(json_serialize_sql($text), '$.error_type'),
    json_extract_string(json_serialize_sql($text), '$.error_message'),
    json_array_length(json_extract(json_serialize_sql($text), '$.statements[0].named_param_map'))
"""

_CLOCK_WORDS = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
"""What reads the clock without parentheses, where no column has the name."""

_CLOCK_FUNCTIONS = ("age", "ago", "current_localtime", "current_localtimestamp")
"""Functions that read the clock, which DuckDB's own list does not say."""

_NOT_REPEATABLE = """
with tree as materialized (select json_serialize_sql($text) as tree),

functions as (
    select unnest(json_extract_string(tree, '$..function_name')) as name
    from tree
),

volatile as (
    select function_name as name
    from duckdb_functions()
    where stability in ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
    union all
    select unnest($clock_functions)
),

names as (
    select unnest(json_extract(tree, '$..column_names')) as name
    from tree
),

samples as (
    select unnest(json_extract(tree, '$..sample')) as sample
    from tree
)

select lower(name) || '()' from functions where lower(name) in (select name from volatile)
union
select lower(name ->> '$[0]') from names
where json_array_length(name) = 1 and lower(name ->> '$[0]') in (select unnest($clock_words))
union
select 'a sample' from samples where json_type(sample) <> 'NULL'
order by 1
"""


def _statement(condition: str) -> str:
    return f"select true from items_full where\n{condition}\n"


def in_parentheses(text: str) -> str:
    """A condition as a part of a larger one; a comment at its end ends with its line."""
    return f"(\n{text}\n)"


def sql_condition(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """The condition between parentheses, on separate lines, for a WHERE clause.

    DuckDB parses the text after a WHERE, where a parenthesis that the text does not open is an
    error, and between parentheses, where everything but one expression is an error: a second
    statement, UNION, GROUP BY, ORDER BY. A comment ends with its line. Nothing is executed.

    InputError for other text. Subqueries are expressions: the connection must be one of
    `open_read_only`, which decides what they can read.
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"the condition has more than {MOST_CHARACTERS:,} characters.")
    if not text.strip() or "\0" in text or text != text.encode(errors="replace").decode():
        raise InputError("the condition is empty or not text.")
    for condition in (text, in_parentheses(text)):
        with engine_errors():
            rows = con.execute(_PARSED, {"text": _statement(condition)}).fetchall()
        ((kind, message, parameters),) = rows
        if kind == "out of memory":  # the parser needs a gigabyte for thousands of parentheses
            raise InputError("the condition needs more memory than its limit: nest it less deeply.")
        if message is not None:
            reason = " ".join(message.split())
            raise InputError(f"the condition is not one SQL expression: {reason}.")
        if parameters:
            raise InputError("the condition has a parameter: write the value.")
    return condition


def require_repeatable(con: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Raise InputError for a condition with a clock, a random number or a sample in it.

    `condition` comes from `sql_condition`.
    """
    values = {
        "text": _statement(condition),
        "clock_words": list(_CLOCK_WORDS),
        "clock_functions": list(_CLOCK_FUNCTIONS),
    }
    with engine_errors():
        causes = con.execute(_NOT_REPEATABLE, values).fetchall()
    if causes:
        raise InputError(
            f"the condition has {causes[0][0]}, so that a second export would select other rows: "
            "compute with columns, such as image_id % 10 = 0."
        )

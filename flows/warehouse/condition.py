"""A SQL condition of a user: text in, the same text as one expression between parentheses out."""

import duckdb

from flows.warehouse.connect import engine_errors
from schemas.errors import InputError

MOST_CHARACTERS = 4_000
"""Of a condition. DuckDB limits the depth of an expression itself."""

_PARSED = """
select
    json_extract_string(json_serialize_sql($text), '$.error_message'),
    json_array_length(json_extract(json_serialize_sql($text), '$.statements[0].named_param_map'))
"""


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
    for condition in (text, f"(\n{text}\n)"):
        statement = f"select true from items_full where\n{condition}\n"
        with engine_errors():
            rows = con.execute(_PARSED, {"text": statement}).fetchall()
        ((message, parameters),) = rows
        if message is not None:
            reason = " ".join(message.split())
            raise InputError(f"the condition is not one SQL expression: {reason}.")
        if parameters:
            raise InputError("the condition has a parameter: write the value.")
    return condition

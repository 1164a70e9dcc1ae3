"""SQL that people write: it may read the release and nothing else, and it writes nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from flows.warehouse.connect import (
    Files,
    file_literal,
    open_warehouse,
    stopped_by_hand,
    text_literal,
)
from schemas.errors import InputError

SPILL = "20GB"
"""What a question may put on disk while it sorts; DuckDB alone would take nine tenths of it."""

# The kinds of query nodes that only read. DuckDB 2 lets a SELECT write, by `with x as (copy ...)`.
_READING = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}

# Table functions that run SQL given as text, where the nodes above cannot be seen.
_RUNS_TEXT = {"query", "json_execute_serialized_sql", "sql_auto_complete"}

_EXPLAIN = re.compile(r"\s*explain(\s+analyze)?(\s*\([^)]*\))?\s", re.IGNORECASE)


def open_for_people(
    files: Files,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_directory: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """A warehouse that can read the given files and nothing else on this machine or beyond.

    The settings are locked, so no statement can open it again. Ask it through `run_sql`, which
    also keeps COPY from writing over the files that may be read.
    """
    con = open_warehouse(
        files, threads=threads, memory_limit=memory_limit, temp_directory=temp_directory
    )
    # The views name files with glob characters bracketed, and that spelling is what is compared.
    spellings = {
        spell(path)
        for paths in files.values()
        for path in paths
        for spell in (file_literal, text_literal)
    }
    con.execute(f"set max_temp_directory_size = '{SPILL}'")
    con.execute("set python_enable_replacements = false")
    con.execute(f"set allowed_paths = [{', '.join(sorted(spellings))}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def run_sql(con: duckdb.DuckDBPyConnection, text: str) -> pa.RecordBatchReader:
    """The answer to one SELECT (or EXPLAIN, DESCRIBE, SHOW, SUMMARIZE), in batches.

    Everything else is refused, and what DuckDB has to say against a statement comes as an
    InputError, also while the answer is being read. Ctrl-C stops a statement that runs too long.
    """
    vet(text)
    try:
        with stopped_by_hand():
            cursor = con.cursor()
            if _EXPLAIN.match(text):
                plans = cursor.execute(text).fetchall()
                return pa.table({"plan": [str(plan) for _, plan in plans]}).to_reader()
            reader = cursor.sql(text).to_arrow_reader()
    except duckdb.Error as problem:
        raise _for_people(problem) from None
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(reader))


def vet(text: str) -> None:
    """Refuse, by InputError, all that is not one statement that only reads."""
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as problem:
        raise _for_people(problem) from None
    if len(statements) != 1:
        raise InputError(f"one statement at a time, please: these are {len(statements)}.")
    kind = statements[0].type
    explain = _EXPLAIN.match(text)
    if explain and kind == duckdb.StatementType.EXPLAIN:
        vet(text[explain.end() :])
        return
    if kind != duckdb.StatementType.SELECT:
        raise InputError(
            f"only statements that read are allowed (SELECT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN), "
            f"not {kind.name}."
        )
    for node in _nodes(_syntax_tree(statements[0].query)):
        kind_of_node = str(node.get("type", ""))
        if kind_of_node.endswith("_NODE") and kind_of_node not in _READING:
            verb = kind_of_node.removesuffix("_NODE").removesuffix("_QUERY")
            raise InputError(f"only statements that read are allowed, and this one holds a {verb}.")
        if str(node.get("function_name", "")).lower() in _RUNS_TEXT:
            raise InputError(
                f"the function {node['function_name']} runs SQL from a text and is not allowed; "
                "write the statement itself."
            )


def _syntax_tree(statement: str) -> Any:
    """The statement as DuckDB's own parser sees it."""
    with duckdb.connect() as parser:
        ((tree,),) = parser.execute("select json_serialize_sql(?::varchar)", [statement]).fetchall()
    parsed = json.loads(tree)
    if parsed["error"]:
        raise InputError(f"only statements that read are allowed: {parsed['error_message']}.")
    return parsed


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON tree; a stack of our own, because people nest deeper than Python."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        with stopped_by_hand():
            yield from reader
    except (duckdb.Error, pa.ArrowException, OSError) as problem:
        raise _for_people(problem) from None


def _for_people(problem: Exception) -> InputError:
    """DuckDB's message without its picture of the statement, as one sentence."""
    message = str(problem)
    first = message.split("\n\n")[0].split("\n")[0].strip()
    hints = [
        line.strip()
        for line in message.splitlines()
        if line.startswith(("Candidate bindings", "Did you mean"))
    ]
    if "file system operations are disabled" in message:
        return InputError("only the tables of this release can be read, no other files.")
    if isinstance(problem, duckdb.OutOfMemoryException) or "Out of Memory" in message:
        return InputError("this needs more memory than it may take: ask for less at once.")
    return InputError(" ".join([first, *hints]))

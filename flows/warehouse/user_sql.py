"""SQL of users: any statements, on a connection that can read the release and can write nothing."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from flows.release.file_system import PROTOCOL
from flows.warehouse.connect import (
    connect_release,
    engine_errors,
    text_literal,
)
from flows.warehouse.release_names import Files, ReleaseNames
from schemas.errors import InputError, TimeLimitError

Result = TypeVar("Result")

# Without the minus sign and the words with which DuckDB means no limit.
_SIZE = re.compile(r"\d+(\.\d+)?\s*[KMGT]i?B", re.IGNORECASE)

# The columns of a statement without rows: how many rows it changed, or nothing.
_NO_ROWS = (["Count"], ["Success"])

_COMMENT = duckdb.token_type.comment

_WORDS = r"""
select keyword_name as word from duckdb_keywords()
union
select function_name from duckdb_functions() where regexp_full_match(function_name, '[a-z]\w*')
union
select table_name from duckdb_columns() where not internal
union
select column_name from duckdb_columns() where not internal
order by word
"""


def open_read_only(
    files: Files,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
    modified: datetime | None = None,
    sql: str | None = None,
) -> duckdb.DuckDBPyConnection:
    """A warehouse for any statement: it can read these files, and nothing else can be accessed.

    No statement is inspected. The files exist only in a file system that cannot write; every other
    path is refused by DuckDB, in settings that are locked. A folder for temporary files is not set,
    because DuckDB lets statements read and write there: a query that needs more than `memory_limit`
    (as `4GB`) fails. `modified` is the time of the release. With `sql`, the only text that will be
    executed, files that it cannot read are not opened.
    """
    names = ReleaseNames(files)
    # DuckDB asks for the pattern of a table, then for each file that it opens.
    allowed = {f"{PROTOCOL}://{name}" for name in names.paths}.union(*names.tables.values())
    paths = ", ".join(text_literal(name) for name in sorted(allowed))
    if memory_limit is not None and not _SIZE.fullmatch(memory_limit):
        raise InputError(
            f"{memory_limit!r} is not a memory limit: give a number and a unit, as 500MB or 4GB."
        )
    con = connect_release(names, "", threads, memory_limit, modified, sql=sql)
    for setting in (
        "python_enable_replacements = false",
        f"allowed_paths = [{paths}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        con.execute(f"set {setting}")
    return con


def run_user_sql(
    con: duckdb.DuckDBPyConnection, text: str, timeout: float | None = None
) -> pa.RecordBatchReader:
    """The rows of the last statement that has some, in batches; all statements are executed.

    InputError for what DuckDB refuses, without rows, and after `timeout` seconds, counted until the
    last batch; KeyboardInterrupt for Ctrl-C, also while rows are being read.
    """
    rows = _run(con, _statements(con, text), timeout)
    if rows is None:
        raise InputError("no statement has rows to show: end with a SELECT.")
    return rows


class UserSession:
    """SQL of a user, one text after the other: temporary tables, views and macros remain."""

    def __init__(self, con: duckdb.DuckDBPyConnection, timeout: float | None = None) -> None:
        """On a connection of `open_read_only`; `timeout` is for each statement, in seconds."""
        self._con = con
        self._timeout = timeout

    def run(self, text: str) -> Iterator[pa.RecordBatchReader]:
        """The rows of each statement that has some. Errors are those of `run_user_sql`."""
        for statement in _statements(self._con, text):
            rows = _run(self._con, [statement], self._timeout)
            if rows is not None:
                yield rows

    def words(self) -> list[str]:
        """Keywords, functions, tables and columns that a statement may name, sorted."""
        try:
            return [word for (word,) in self._con.sql(_WORDS).fetchall()]
        except duckdb.Error:
            return []  # in a transaction that has failed, until it is rolled back

    @staticmethod
    def is_complete(text: str) -> bool:
        """Whether the text ends with a semicolon outside strings, quoted names and comments."""
        data = text.encode(errors="replace")  # the tokenizer counts bytes
        tokens = [start for start, kind in duckdb.tokenize(text) if kind != _COMMENT]
        return bool(tokens) and data[tokens[-1] :].startswith(b";")


def _statements(con: duckdb.DuckDBPyConnection, text: str) -> list[duckdb.Statement]:
    if not text.isascii() and text != text.encode(errors="replace").decode():
        raise InputError("the SQL is not valid UTF-8.")
    with engine_errors():
        return con.extract_statements(text)


def _run(
    con: duckdb.DuckDBPyConnection, to_run: Sequence[duckdb.Statement], timeout: float | None
) -> pa.RecordBatchReader | None:
    """The rows of the last statement that has some."""
    query = _Interruptible(con, timeout)
    with engine_errors():
        statements = [(statement, _returns_rows(statement)) for statement in to_run]
    rows: pa.RecordBatchReader | None = None
    for number, (statement, returns_rows) in enumerate(statements, 1):
        later = [is_later for _, is_later in statements[number:]]
        relation = query.call(con.sql, statement)
        if relation is None or (not returns_rows and relation.columns in _NO_ROWS):
            continue
        reader = query.call(relation.to_arrow_reader)
        if not later:
            rows = pa.RecordBatchReader.from_batches(reader.schema, query.batches(reader))
        elif any(later):
            for _ in query.batches(reader):
                pass  # executed for its errors and effects; the rows of a later one are shown
        else:
            rows = query.call(reader.read_all).to_reader()
        del reader  # an open result would block the next statement
    return rows


def _returns_rows(statement: duckdb.Statement) -> bool:
    """Whether it has rows for certain; INSERT ... RETURNING, for example, may have."""
    return statement.expected_result_type == [duckdb.ExpectedResultType.QUERY_RESULT]


def _result(call: "Future[Result]") -> Result:
    try:
        return call.result()
    except ValueError as error:
        # DuckDB's Python module does not have the numbers of some statements (UPDATE EXTENSIONS).
        raise InputError(str(error)) from None


class _Interruptible:
    """Calls on a connection in another thread, ended by Ctrl-C or when time is up.

    While DuckDB works, Python handles no signal in the calling thread; waiting for another thread
    can be interrupted.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, timeout: float | None) -> None:
        self._cursor = cursor
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="user-sql")

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """What `function` returns. InputError for an error of DuckDB and when time is up."""
        with engine_errors():
            call = self._worker.submit(function, *arguments)
            remaining = None
            if self._end is not None:
                remaining = min(max(0.0, self._end - time.monotonic()), threading.TIMEOUT_MAX)
            try:
                finished, _ = wait([call], remaining)
            except KeyboardInterrupt:
                self._interrupt(call)
                raise
            if finished:
                return _result(call)
            self._interrupt(call)
        raise TimeLimitError(
            f"the query did not finish within {self._timeout:g} seconds: select less at once or "
            "raise the limit with --timeout."
        )

    def _interrupt(self, call: "Future[Any]") -> None:
        # Repeated, because DuckDB forgets an interrupt that arrives before a query has started.
        while not wait([call], 0.1).done:
            self._cursor.interrupt()

    def batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """The batches of a reader, each of them a call."""
        remaining = iter(reader)
        while (batch := self.call(next, remaining, None)) is not None:
            yield batch

"""Conditions of users in a process with limits: a SELECT in, its rows or one sentence out.

DuckDB's own limit does not count the values that functions build (a list of 10^9 numbers, a text
repeated 10^9 times), nor what the parser takes: 16 seconds and more than a gigabyte for 4,000
parentheses. Neither of the two can be interrupted. The system's limit on the memory of a process
holds for every allocation, and a process can be killed.
"""

import multiprocessing
import os
import signal
import sys
import weakref
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow as pa

from flows.warehouse.condition import sql_condition
from flows.warehouse.connect import Warehouse
from flows.warehouse.release_names import Files
from flows.warehouse.user_sql import open_read_only, run_user_sql
from schemas.errors import InputError, TimeLimitError

MEMORY = 512 << 20
"""Bytes that the process may allocate once it is open. DuckDB gets less, and so fails first."""

MOST_KEPT = MEMORY // 2
"""Bytes after which the process is replaced: what it still holds is missing for the next query."""

START_SECONDS = 60.0

GRACE_SECONDS = 1.0
"""How long after its time limit a query may take to be interrupted, before its process is killed.
"""

_TOO_LARGE = "the condition needs more memory than its limit: compute with smaller values."


class ConfinedProcess:
    """A process with the files of a release open, started by the first query and after a failure.

    Not for several threads at once.
    """

    def __init__(self, files: Files, *, memory_limit: str, modified: datetime) -> None:
        """`memory_limit` and `modified` are those of `open_read_only`."""
        self._arguments = (files, memory_limit, modified)
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def rows(self, sql: str, condition: str, timeout: float) -> pa.Table:
        """The rows of a SELECT that contains `in_parentheses(condition)`.

        Raises InputError for what `sql_condition` or DuckDB refuses, where more memory is needed
        than the process may have, and TimeLimitError.
        """
        if self._process is None or not self._process.is_alive():
            self._start()
        return self._ask((sql, condition, timeout), timeout + GRACE_SECONDS)

    def _start(self) -> None:
        self.close()
        # Spawned: DuckDB and Arrow do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other, *self._arguments), daemon=True, name="confined-sql"
        )
        self._process.start()
        weakref.finalize(self, self._process.kill)
        other.close()
        self._ask(None, START_SECONDS)

    def _ask(self, question: tuple[str, str, float] | None, seconds: float) -> pa.Table:
        assert self._connection is not None
        try:
            self._connection.send(question)
            is_answered = self._connection.poll(seconds)
            answer, is_spent = self._connection.recv() if is_answered else (None, True)
        except (EOFError, OSError):  # it ended without an answer
            answer, is_spent = InputError(_TOO_LARGE), True
        if is_spent:
            self.close()
        if answer is None:
            raise TimeLimitError(
                f"the condition was stopped after {seconds:g} seconds: compute with smaller values."
            )
        if isinstance(answer, InputError):
            raise answer
        return answer

    def close(self) -> None:
        """Kill the process; a later query starts another one."""
        if self._process is not None and self._connection is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: Connection, files: Files, memory_limit: str, modified: datetime) -> None:
    """Answer questions until the other process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group
    try:
        con = open_read_only(files, memory_limit=memory_limit, modified=modified)
    except InputError as error:
        connection.send((error, True))
        return
    opened = _held()
    _limit_memory(opened + MEMORY)
    with suppress(EOFError):
        while True:
            question = connection.recv()
            answer = _answer(con.cursor(), *question) if question else pa.table({})
            connection.send((answer, _held() > opened + MOST_KEPT))


def _answer(con: Warehouse, sql: str, condition: str, timeout: float) -> pa.Table | InputError:
    try:
        sql_condition(con, condition)
        return run_user_sql(con, sql, timeout).read_all()
    except InputError as error:
        return error
    except (MemoryError, RuntimeError):  # of Python, which cannot start a thread
        return InputError(_TOO_LARGE)


def _held() -> int:
    """Bytes of memory that this process may write; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[5]) * os.sysconf("SC_PAGESIZE") if statm.exists() else 0


def _limit_memory(most: int) -> None:
    """Limit the memory that this process may write, where the system can (Linux)."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))

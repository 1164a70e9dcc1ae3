"""DuckDB in memory over the files of a release: one view per declared table."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.warehouse.queries import Query, queries
from schemas import TABLES, Table

Files = Mapping[str, Sequence[Path]]

STATISTICS = "statistics/"


def open_warehouse(
    files: Files,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_directory: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """A connection with one view per declared table and per statistic, under their own names.

    `files` maps a table's name, or `statistics/<name>`, to its Parquet files. A table without files
    is an empty view of the declared types. A statistic without a file is computed when it is asked
    for, from the tables beside it. Nothing is copied: views read the files at every question.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        # Nothing may be fetched: a misspelt function must fail at once, not try the network.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # In memory, DuckDB would otherwise spill into `.tmp` of the working directory.
        "temp_directory": str(temp_directory or _spill_folder()),
        # Containers show all cores of the host; the scheduler's mask is nearer the truth.
        "threads": threads or len(os.sched_getaffinity(0)),
    }
    if memory_limit:
        settings["memory_limit"] = memory_limit
    con = duckdb.connect(config=settings)
    con.execute("set enable_progress_bar = false")
    for table in TABLES.values():
        con.execute(f"create view {table.name} as {_rows(con, table, files.get(table.name, ()))}")
    for one in _after_what_they_read(queries("statistics")):
        stored = files.get(STATISTICS + one.name)
        con.execute(f"create view {one.name} as {_scan(stored) if stored else one.text}")
    return con


def _spill_folder() -> Path:
    """Where questions sort what memory cannot hold: a folder of one's own on a shared machine."""
    return Path(tempfile.gettempdir()) / f"wardrobe-spill-{os.getuid()}"


def _rows(con: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]) -> str:
    """The SELECT behind a table's view, with the declared columns in the declared order."""
    names = ", ".join(table.schema.names)
    if files:
        return _scan(files, names, table.partition_by)
    # No mapping of types of our own: DuckDB says what it makes of the declared Arrow schema.
    types = con.from_arrow(pa.Table.from_batches([], table.schema)).types
    typed = zip(table.schema.names, types, strict=True)
    nulls = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in typed)
    return f"select {nulls} where false"


def _scan(files: Iterable[Path], names: str = "*", partition_by: Sequence[str] = ()) -> str:
    paths = ", ".join(file_literal(path) for path in files)
    # Partition columns stay words: without types an all-digit value would be read as a number.
    types = ", ".join(f"'{name}': VARCHAR" for name in partition_by)
    hive = f", hive_partitioning = true, hive_types = {{{types}}}" if partition_by else ""
    return f"select {names} from read_parquet([{paths}]{hive})"


@contextmanager
def stopped_by_hand() -> Iterator[None]:
    """Ctrl-C while DuckDB works is a KeyboardInterrupt; DuckDB 2 says RuntimeError or its own."""
    try:
        yield
    except (RuntimeError, duckdb.Error) as problem:
        if isinstance(problem, duckdb.InterruptException) or "interrupted" in str(problem).lower():
            raise KeyboardInterrupt from None
        raise


def file_literal(path: Path) -> str:
    """A path as a SQL string that names this one file: glob characters are bracketed."""
    return text_literal("".join(f"[{one}]" if one in "*?[" else one for one in str(path)))


def text_literal(text: str | Path) -> str:
    """A text as a SQL string: quotes doubled."""
    return "'" + str(text).replace("'", "''") + "'"


def _after_what_they_read(statistics: Sequence[Query]) -> list[Query]:
    """Statistics that read others come after them, because a view binds when it is made."""
    ordered: list[Query] = []
    waiting = list(statistics)
    while waiting:
        names = {one.name for one in waiting}
        ready = [one for one in waiting if not names & set(one.reads)]
        if not ready:
            raise ValueError(f"statistics read each other in a circle: {sorted(names)}")
        ordered += ready
        waiting = [one for one in waiting if one not in ready]
    return ordered

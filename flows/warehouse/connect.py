"""DuckDB in memory over the files of a release: one view per declared table."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa

from flows.release import PROTOCOL, ReleaseFiles
from flows.warehouse.queries import Query, queries
from schemas import TABLES, Table
from schemas.errors import InputError

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

    Rows that memory cannot hold go to `temp_directory`, else to a private folder that is removed
    with the connection. InputError when a file is damaged.
    """
    folder = temp_directory or Path(tempfile.mkdtemp(prefix="wardrobe-spill-"))
    con = connect_release(ReleaseNames(files), str(folder), threads, memory_limit)
    if temp_directory is None:
        weakref.finalize(con, _remove, folder, os.getpid())
    return con


def _remove(folder: Path, process: int) -> None:
    # A forked process inherits the connection, but not the folder.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


class ReleaseNames:
    """The files of tables under their names in `release://`, whatever folder the release is in.

    A name is the path below the release (`items/dataset=fashionai/split=train/part-00000.parquet`),
    so that DuckDB takes no folder above the release for a partition. Characters that a pattern or
    a URL reads in a special way are %-encoded; so are bytes that are not UTF-8.
    """

    def __init__(self, files: Files) -> None:
        self.paths: dict[str, Path] = {}
        self.tables = {
            table: [self._add(table, path) for path in paths] for table, paths in files.items()
        }

    def _add(self, table: str, path: Path) -> str:
        keys = TABLES[table].partition_by if table in TABLES else ()
        folder = [table] if keys else table.split("/")[:-1]
        steps = [*folder, *path.parts[-len(keys) - 1 :]]
        name = "/".join(quote(os.fsencode(step), safe="=") for step in steps)
        # Two releases may be read at once, to compare them.
        while self.paths.setdefault(name, path) != path:
            name = f"other/{name}"
        return f"{PROTOCOL}://{name}"


def connect_release(
    names: ReleaseNames,
    temp_directory: str,
    threads: int | None = None,
    memory_limit: str | None = None,
    modified: datetime | None = None,
) -> duckdb.DuckDBPyConnection:
    """DuckDB in memory with the views over `names`; an empty `temp_directory` means no spilling."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        # Nothing may be fetched: a misspelt function must fail at once, not try the network.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # In memory, DuckDB would otherwise spill into `.tmp` of the working directory.
        "temp_directory": temp_directory,
        # Containers show all cores of the host; the scheduler's mask is nearer the truth.
        "threads": threads or len(os.sched_getaffinity(0)),
    }
    if memory_limit:
        settings["memory_limit"] = memory_limit
    with engine_errors():
        con = duckdb.connect(config=settings)
        con.execute("set enable_progress_bar = false")
        con.register_filesystem(ReleaseFiles(names.paths, modified))
        for table in TABLES.values():
            rows = _rows(con, table, names.tables.get(table.name, ()))
            con.execute(f"create view {table.name} as {rows}")
        for statistic in chain.from_iterable(dependency_levels(queries("statistics"))):
            stored = names.tables.get(STATISTICS + statistic.name)
            con.execute(
                f"create view {statistic.name} as {_scan(stored) if stored else statistic.text}"
            )
    return con


def _rows(con: duckdb.DuckDBPyConnection, table: Table, files: Sequence[str]) -> str:
    """The SELECT behind a table's view, with the declared columns in the declared order."""
    names = ", ".join(table.schema.names)
    if files:
        return _scan(files, names, table.partition_by)
    # No mapping of types of our own: DuckDB says what it makes of the declared Arrow schema.
    types = con.from_arrow(pa.Table.from_batches([], table.schema)).types
    typed = zip(table.schema.names, types, strict=True)
    nulls = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in typed)
    return f"select {nulls} where false"


def _scan(files: Sequence[str], names: str = "*", partition_by: Sequence[str] = ()) -> str:
    paths = ", ".join(text_literal(name) for name in files)
    # Partition columns stay words: without types an all-digit value would be read as a number.
    types = ", ".join(f"'{name}': VARCHAR" for name in partition_by)
    hive = f"true, hive_types = {{{types}}}" if partition_by else "false"
    return f"select {names} from read_parquet([{paths}], hive_partitioning = {hive})"


@contextmanager
def keyboard_interrupts() -> Iterator[None]:
    """Ctrl-C while DuckDB works is a KeyboardInterrupt; DuckDB 2 says RuntimeError or its own."""
    try:
        yield
    except (RuntimeError, duckdb.Error) as problem:
        if isinstance(problem, duckdb.InterruptException) or "interrupted" in str(problem).lower():
            raise KeyboardInterrupt from None
        raise


@contextmanager
def engine_errors() -> Iterator[None]:
    """What DuckDB, Arrow or the disk raises while a query runs, as one sentence (InputError)."""
    try:
        with keyboard_interrupts():
            yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise InputError(engine_message(error)) from None


def stream_rows(rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows; what goes wrong while they are read is an InputError too."""

    def batches() -> Iterator[pa.RecordBatch]:
        with engine_errors():
            yield from rows

    return pa.RecordBatchReader.from_batches(rows.schema, batches())


def engine_message(error: Exception) -> str:
    """The error of an engine as one sentence, without its excerpt of the statement."""
    message = str(error)
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory" in message:
        return "the query needs more memory than its limit: select less at once or raise the limit."
    if "file system operations are disabled" in message:
        return "only the tables of this release can be read, no other files."
    if message.startswith("Traceback"):  # an OSError of the file system, as DuckDB passes it on
        message = message.splitlines()[-1].partition(": ")[2]
    first = message.split("\n")[0].strip()
    if f"{PROTOCOL}://" in first:
        return f"{first.rstrip('.')}: `wardrobe verify` checks the files of a release."
    hints = [
        line.strip()
        for line in message.splitlines()
        if line.startswith(("Candidate bindings", "Did you mean"))
    ]
    return " ".join([first, *hints])


def text_literal(text: str) -> str:
    """A text as a SQL string: quotes doubled."""
    return "'" + text.replace("'", "''") + "'"


def dependency_levels(statistics: Sequence[Query]) -> Iterator[list[Query]]:
    """Statistics in the order of what they read: each level reads tables and earlier levels only.

    Raises graphlib.CycleError when statistics read one another in a circle.
    """
    by_name = {query.name: query for query in statistics}
    sorter = TopologicalSorter({query.name: by_name.keys() & query.reads for query in statistics})
    sorter.prepare()
    while ready := sorter.get_ready():
        yield [by_name[name] for name in sorted(ready)]
        sorter.done(*ready)

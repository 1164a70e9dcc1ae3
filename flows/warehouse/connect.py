"""DuckDB in memory: files of a release in; views of tables, statistics and sql/views out."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.release.file_system import PROTOCOL, ReleaseFiles
from flows.release.manifest import STATISTICS
from flows.warehouse.queries import Query
from flows.warehouse.read_relations import read_relations
from flows.warehouse.release_names import Files, ReleaseNames
from flows.warehouse.sources import sources
from schemas import TABLES, Table
from schemas.errors import EngineError, InputError
from schemas.table import IMAGE_KEY

Warehouse = duckdb.DuckDBPyConnection
"""A connection with the views of a release."""

_STATEMENT_ERRORS = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.OutOfMemoryException,
    duckdb.ParserException,
    duckdb.PermissionException,
    duckdb.SyntaxException,
)


def open_warehouse(
    files: Files,
    *,
    only: Collection[str] | None = None,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_directory: Path | None = None,
    by_part: bool = False,
) -> duckdb.DuckDBPyConnection:
    """A connection with the declared tables, the statistics and the views of sql/views, as views.

    `files` maps a table's name, or `statistics/<name>`, to its Parquet files. A table without files
    is an empty view of the declared types. A statistic without a file is computed from the tables
    when it is queried. Nothing is copied: each query reads the files. `only` names the tables,
    statistics and views to make, with what these read. With `by_part`, the split of a row has the
    number of its part: `train.3`.

    Rows that memory cannot hold go to `temp_directory`, else to a private folder that is removed
    with the connection. InputError when a file is damaged.
    """
    folder = temp_directory or Path(tempfile.mkdtemp(prefix="wardrobe-spill-"))
    try:
        names = ReleaseNames(files, by_part=by_part)
        con = connect_release(names, str(folder), threads, memory_limit, only=only)
    except BaseException:
        if temp_directory is None:
            _remove(folder, os.getpid())
        raise
    if temp_directory is None:
        weakref.finalize(con, _remove, folder, os.getpid())
    return con


def _remove(folder: Path, process: int) -> None:
    # A forked process inherits the connection, but not the folder.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def connect_release(
    names: ReleaseNames,
    temp_directory: str,
    threads: int | None = None,
    memory_limit: str | None = None,
    modified: datetime | None = None,
    only: Collection[str] | None = None,
    sql: str | None = None,
) -> duckdb.DuckDBPyConnection:
    """DuckDB in memory with the views over `names`; an empty `temp_directory` means no spilling.

    With `sql`, those that this text may read.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        # A misspelt function must fail at once, without a request to the network.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # The default of a connection in memory is `.tmp` of the working directory.
        "temp_directory": temp_directory,
        "threads": threads or _usable_cores(),
    }
    if memory_limit:
        settings["memory_limit"] = memory_limit
    with engine_errors():
        con = duckdb.connect(config=settings)
        con.execute("set enable_progress_bar = false")
        if names.has_objects:
            con.execute("set parquet_metadata_cache = true")  # else footers are requested twice
        con.register_filesystem(ReleaseFiles(names.paths, modified))
        if sql is not None:
            only = read_relations(con, sql)
        for name, rows in relations(con, names.tables, only):
            con.execute(f"create view {name} as {rows}")
    return con


def least_memory() -> str:
    """A memory limit under which DuckDB spills instead of failing, whatever the size of a release.

    Its guide asks for 125 MB per thread. Below 300 MB, triplets of 10^7 rows took a third longer.
    """
    return f"{max(300, 125 * _usable_cores())}MB"


def renew_views(
    con: duckdb.DuckDBPyConnection, names: ReleaseNames, renewed: Collection[str]
) -> None:
    """Make the views of these tables and `statistics/<name>` again, over the files in `names`."""
    with engine_errors():
        con.unregister_filesystem(PROTOCOL)
        con.register_filesystem(ReleaseFiles(names.paths))
        for name in renewed:
            files = names.tables.get(name, ())
            rows = _rows(con, TABLES[name], files) if name in TABLES else _scan(files)
            view = name.removeprefix(STATISTICS)
            con.execute(f"create or replace view {view} as {rows}")


def _usable_cores() -> int:
    """The cores of this process: in a container cpu_count() has all cores of the host."""
    if hasattr(os, "sched_getaffinity"):  # of Linux only
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def relations(
    con: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Sequence[str]],
    only: Collection[str] | None = None,
) -> Iterator[tuple[str, str]]:
    """Name and SELECT of tables, statistics and views, each after those it reads.

    `tables` has the paths of files as DuckDB reads them.
    """
    for name, source in sources(only):
        if stored := tables.get(STATISTICS + name):
            yield name, _scan(stored)
        elif isinstance(source, Table):
            yield name, _rows(con, source, tables.get(name, ()))
        else:
            yield name, source


def _rows(con: duckdb.DuckDBPyConnection, table: Table, files: Sequence[str]) -> str:
    """The SELECT behind a table's view, with the declared columns in the declared order."""
    names = ", ".join(table.schema.names)
    if files:
        return _scan(files, names, table.partition_by)
    # DuckDB's types of the declared Arrow schema.
    types = con.from_arrow(pa.Table.from_batches([], table.schema)).types
    typed = zip(table.schema.names, types, strict=True)
    nulls = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in typed)
    return f"select {nulls} where false"


def _scan(files: Sequence[str], names: str = "*", partition_by: Sequence[str] = ()) -> str:
    paths = ", ".join(text_literal(name) for name in files)
    # Partition columns are text: without types an all-digit value would be read as a number.
    types = ", ".join(f"'{name}': VARCHAR" for name in partition_by)
    hive = f"true, hive_types = {{{types}}}" if partition_by else "false"
    return f"select {names} from read_parquet([{paths}], hive_partitioning = {hive})"


@contextmanager
def keyboard_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt for Ctrl-C in DuckDB, which raises RuntimeError or its own error."""
    try:
        yield
    except (RuntimeError, duckdb.Error) as problem:
        if isinstance(problem, duckdb.InterruptException) or "interrupted" in str(problem).lower():
            raise KeyboardInterrupt from None
        raise


@contextmanager
def engine_errors() -> Iterator[None]:
    """Raise errors of DuckDB, Arrow or the disk in a query as one sentence.

    InputError for a statement or its values, EngineError where a damaged file may be the cause.
    """
    try:
        with keyboard_interrupts():
            yield
    except _STATEMENT_ERRORS as error:
        raise InputError(engine_message(error)) from None
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise EngineError(engine_message(error)) from None


def stream_rows(rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows; an error while they are read is an InputError too."""

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
    first = message.partition("\n\n")[0].strip()
    from_file_system = first.startswith("Traceback")  # of Python, as DuckDB passes it on
    if from_file_system:
        first = first.splitlines()[-1].partition(": ")[2]
    first = first.splitlines()[0] if first else ""
    if from_file_system or f"{PROTOCOL}://" in first:
        return f"{first.rstrip('.')}: `wardrobe verify` checks the files of a release."
    hints = [
        line.strip()
        for line in message.splitlines()
        if line.startswith(("Candidate bindings", "Did you mean"))
    ]
    return " ".join([first, *hints])


def read_table(warehouse: Warehouse, name: str, limit: int | None = None) -> pa.Table:
    """All rows of a table or statistic; with `limit` the first rows by all columns."""
    with engine_errors():
        rows = warehouse.table(name)
        return (rows if limit is None else rows.order("all").limit(limit)).to_arrow_table()


def read_matching(warehouse: Warehouse, name: str, keys: pa.Table) -> pa.Table:
    """The rows of a declared table that match a row of `keys` in all columns of `keys`, by key."""
    with engine_errors():
        matches = warehouse.from_arrow(keys).set_alias("matches")
        rows = warehouse.table(name).join(matches, list(keys.column_names), how="semi")
        return rows.order(", ".join(TABLES[name].key)).to_arrow_table()


def add_table(warehouse: Warehouse, name: str, rows: pa.Table) -> None:
    """Make rows a table of the connection, for queries that read it along with the release."""
    with engine_errors():
        warehouse.from_arrow(rows).create(name)


def restrict_to_keys(warehouse: Warehouse, keys: pa.Table) -> None:
    """Restrict the tables of a connection to the rows of these images or items.

    `keys` are rows of IMAGE_KEY or ITEM_KEY; an item's image is kept.
    """
    with engine_errors():
        warehouse.from_arrow(keys).create("kept_keys")
        views = warehouse.sql("select view_name from duckdb_views() where not internal").fetchall()
        for (name,) in views:
            names = TABLES[name].schema.names if name in TABLES else []
            if set(IMAGE_KEY) <= set(names):
                shared = [column for column in keys.column_names if column in names]
                warehouse.execute(f"alter view {name} rename to all_{name}")
                warehouse.execute(
                    f"create view {name} as from all_{name} "
                    f"semi join kept_keys using ({', '.join(shared)})"
                )


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

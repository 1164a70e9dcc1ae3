"""The engines of sql/. In: a warehouse that one of them has opened. Out: the rows of a SELECT.

Another engine is a class of warehouses, with its own `select`, and a function that opens them.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from functools import singledispatch
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from flows.warehouse.connect import Warehouse, engine_errors, renew_views, stream_rows
from flows.warehouse.release_names import Files, ReleaseNames
from flows.warehouse.spark import SparkWarehouse

AnyWarehouse = Warehouse | SparkWarehouse


class Engine(Protocol):
    """Opens the files of a release; `open_warehouse` says more of the parameters."""

    def __call__(
        self,
        files: Files,
        *,
        only: Collection[str] | None = None,
        memory_limit: str | None = None,
        temp_directory: Path | None = None,
        by_part: bool = False,
    ) -> AbstractContextManager[AnyWarehouse]: ...


@singledispatch
def select(
    warehouse: Any, text: str, values: Mapping[str, Any] | None = None
) -> pa.RecordBatchReader:
    """The rows of a portable SELECT in batches; `values` are those of its parameters.

    A warehouse answers other statements while the reader is open. Errors are InputErrors, also
    those of the reader.
    """
    raise TypeError(f"not a warehouse: {warehouse!r}")


@select.register
def _(
    warehouse: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any] | None = None
) -> pa.RecordBatchReader:
    with engine_errors():
        # A cursor each: an open reader would block its own connection.
        relation = warehouse.cursor().sql(text, params=dict(values) if values else None)
        return stream_rows(relation.to_arrow_reader())


@select.register
def _(
    warehouse: SparkWarehouse, text: str, values: Mapping[str, Any] | None = None
) -> pa.RecordBatchReader:
    return warehouse.select(text, values)


@singledispatch
def fetch(
    warehouse: Any, text: str, values: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a portable SELECT with few of them, as tuples. Errors are InputErrors."""
    columns = select(warehouse, text, values).read_all().columns
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


@fetch.register
def _(
    warehouse: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    with engine_errors():
        # A relation, as `sql` makes it, binds its statement twice.
        return warehouse.cursor().execute(text, dict(values) if values else None).fetchall()


@singledispatch
def renew(warehouse: Any, files: Files, names: Collection[str]) -> None:
    """Read these tables and `statistics/<name>` from now on from their files of `files`.

    `files` are all files that the warehouse reads from then on.
    """
    raise TypeError(f"not a warehouse: {warehouse!r}")


@renew.register
def _(warehouse: duckdb.DuckDBPyConnection, files: Files, names: Collection[str]) -> None:
    renew_views(warehouse, ReleaseNames(files), names)


@renew.register
def _(warehouse: SparkWarehouse, files: Files, names: Collection[str]) -> None:
    warehouse.renew(files, names)

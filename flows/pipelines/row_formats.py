"""Rows as CSV, JSON or Parquet, batch by batch: rows in, the bytes of a file out."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import types

from flows.storage.atomic import atomic_write
from schemas.errors import InputError

Rows: TypeAlias = pa.Table | pa.RecordBatchReader


def write_file(rows: Rows, form: str | None, path: Path) -> None:
    """Write rows into a file that is complete or absent; without `form` its suffix names one.

    Raises InputError for an unknown suffix and for rows that the format cannot represent.
    """
    form = form or format_of(path)
    with atomic_write(path) as sink:
        write_rows(rows, form, sink)


def format_of(path: Path) -> str:
    """The format that the suffix of a file names. Raises InputError for an unknown one."""
    form = path.suffix.removeprefix(".")
    if form not in WRITERS:
        raise InputError(f"{path}: name it .csv, .json or .parquet, or give --format")
    return form


def write_rows(rows: Rows, form: str, sink: IO[bytes]) -> None:
    """Write rows as `csv`, `json` or `parquet`. Raises InputError as `write_file` does."""
    names = rows.schema.names
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"duplicate column {duplicates[0]}: rename one of them with `as`")
    WRITERS[form](rows, sink)


def batches_of(rows: Rows) -> Iterable[pa.RecordBatch]:
    """The batches of a table or reader."""
    return rows.to_batches() if isinstance(rows, pa.Table) else rows


def tuples_of(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """The rows of a batch as Python values; dates beyond the years 1 to 9999 are text."""
    yield from zip(*map(_values, batch.columns), strict=True)


def _write_parquet(rows: Rows, sink: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    for field in rows.schema:
        try:
            pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([field])).close()
        except pa.ArrowException:
            raise InputError(
                f"column {field.name} is of type {field.type}, which Parquet cannot store: "
                "cast it to text"
            ) from None
    with closing(pq.ParquetWriter(sink, rows.schema, compression="zstd")) as writer:
        for batch in batches_of(rows):
            try:
                writer.write_batch(batch)
            except pa.ArrowException as error:
                raise InputError(f"Parquet cannot store these rows: {error}") from None


def _write_csv(rows: Rows, sink: IO[bytes]) -> None:
    import polars as pl

    for field in rows.schema:
        if content := _not_in_csv(field.type):
            raise InputError(
                f"column {field.name} contains {content}, which CSV cannot represent: cast it to "
                "text or use --format json or parquet"
            )
    header = True
    for batch in [pa.RecordBatch.from_pylist([], rows.schema), *batches_of(rows)]:
        columns = [_without_extreme_times(column) for column in batch.columns]
        frame = pl.DataFrame(pa.Table.from_arrays(columns, names=batch.schema.names))
        sink.write(frame.write_csv(include_header=header).encode())
        header = False


def _not_in_csv(kind: pa.DataType) -> str | None:
    if types.is_nested(kind):
        return "lists"
    if types.is_interval(kind) or types.is_duration(kind):
        return "intervals"
    if str(kind).startswith(("binary", "large_binary", "fixed_size_binary", "extens")):
        return "bytes"
    return None


def _write_json(rows: Rows, sink: IO[bytes]) -> None:
    """One object per line inside one array: JSON for programs, lines for `grep` and `head`."""
    names, separator = rows.schema.names, b"[\n"
    for batch in batches_of(rows):
        for row in tuples_of(batch):
            line = msgspec.json.encode(dict(zip(names, row, strict=True)), enc_hook=str)
            sink.write(separator + line)
            separator = b",\n"
    sink.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


WRITERS = {"parquet": _write_parquet, "csv": _write_csv, "json": _write_json}
"""The function that writes each format."""


def _values(column: pa.Array) -> list[Any]:
    """A value for each row. Times outside Python's range are text: `infinity`, `294247-01-10`."""
    try:
        return column.to_pylist()
    except (ValueError, OverflowError):  # a date out of range, perhaps inside a list
        return [_value(scalar) for scalar in column]


def _without_extreme_times(column: pa.Array) -> pa.Array:
    """The column, as text if it has a time outside Python's range, which Polars cannot hold."""
    if types.is_date32(column.type) or types.is_timestamp(column.type):
        try:
            column.to_pylist()
        except (ValueError, OverflowError):
            values = map(_value, column)
            return pa.array([None if value is None else str(value) for value in values])
    return column


def _value(scalar: pa.Scalar) -> Any:
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if types.is_union(kind):
        return _value(scalar.value)
    if types.is_struct(kind):
        return {name: _value(value) for name, value in scalar.items()}
    if types.is_nested(kind):
        return [_value(value) for value in scalar.values]
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return _time_text(scalar)


def _time_text(scalar: pa.Scalar) -> str:
    """ISO 8601; `infinity` and `-infinity` for the numbers that DuckDB reserves for them."""
    is_date = types.is_date32(scalar.type)
    number, last = scalar.value, 2**31 - 1 if is_date else 2**63 - 1
    if abs(number) == last:
        return "infinity" if number > 0 else "-infinity"
    zone = "" if is_date or scalar.type.tz is None else "+00:00"
    return str(np.datetime64(number, "D" if is_date else scalar.type.unit)) + zone

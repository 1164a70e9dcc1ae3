"""Rows as an aligned table, CSV, JSON or Parquet, on stdout or into a file, batch by batch."""

import sys
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias, get_args

from flows.cli.options import Format
from flows.cli.terminal import printable, raw_stream
from flows.cli.values import has_extreme_times, rows_of, values_of
from schemas.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

Rows: TypeAlias = "pa.Table | pa.RecordBatchReader"

ROWS_SHOWN = 1_000
"""Rows that an aligned table shows; the other formats contain all."""


def print_rows(rows: Rows) -> None:
    """Print the first ROWS_SHOWN rows as an aligned table, numbers to the right, no cell cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Into a pipe or a file, a table is as wide as necessary: no cell is folded.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for field in rows.schema:
        right = str(field.type).startswith(("int", "uint", "float", "double", "decimal"))
        # Spaces let long names break between words where the terminal is narrow.
        name = field.name.replace("_", " ") if sys.stdout.isatty() else field.name
        table.add_column(
            Text(printable(name)), justify="right" if right else "left", overflow="fold"
        )
    more = False
    for batch in _batches(rows):
        shown = batch.slice(0, ROWS_SHOWN - table.row_count)
        for row in rows_of(shown):
            # As Text: in a plain string, Rich would interpret [brackets] as markup.
            table.add_row(*(Text(_cell(value)) for value in row))
        if shown.num_rows < batch.num_rows:
            more = True
            break
    for column in table.columns:
        # On a narrow terminal, headers are folded before cells.
        column.min_width = min(24, max((len(str(cell)) for cell in column._cells), default=0))
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip(), file=raw_stream(sys.stdout))
    if more:
        print(
            f"the first {ROWS_SHOWN:,} rows; --format csv, json or parquet writes all",
            file=sys.stderr,
        )


def _batches(rows: Rows) -> Any:
    import pyarrow as pa

    return rows.to_batches() if isinstance(rows, pa.Table) else rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        plain = f"{value:,.4f}".rstrip("0").rstrip(".")
        # Four decimals would show a small number as zero; large numbers have too many digits.
        return f"{value:.4g}" if value and not 1e-3 <= abs(value) < 1e15 else plain
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_cell(item)}" for name, item in value.items())
    # Integers have no separators: image ids are copied into commands.
    return printable(str(value))


def write_rows(rows: Rows, form: Format, output: Path | None, *, empty: str = "") -> None:
    """Write rows to stdout, or to a file that is complete or absent.

    The suffix of the file determines the format unless one is given. `empty` is printed instead of
    an aligned table without rows.
    """
    if output is not None and form == "table":
        suffix = output.suffix.removeprefix(".")
        if suffix not in get_args(Format)[1:]:
            raise InputError(f"{output}: name it .csv, .json or .parquet, or give --format")
        form = suffix  # type: ignore[assignment]
    if output is not None:
        from flows.pipelines.query import atomic_write

        with atomic_write(output) as sink:
            _write(rows, form, sink)
    elif form == "parquet":
        raise InputError("Parquet is a binary format: add --output FILE.parquet")
    elif form != "table":
        _write(rows, form, sys.stdout.buffer)
        sys.stdout.flush()
    elif empty and getattr(rows, "num_rows", None) == 0:
        print(empty)
    else:
        print_rows(rows)


def _write(rows: Rows, form: Format, sink: IO[bytes]) -> None:
    names = rows.schema.names
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"duplicate column {duplicates[0]}: rename one of them with `as`")
    {"parquet": _write_parquet, "csv": _write_csv, "json": _write_json}[form](rows, sink)


def _write_parquet(rows: Rows, sink: IO[bytes]) -> None:
    import pyarrow as pa
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
        for batch in _batches(rows):
            try:
                writer.write_batch(batch)
            except pa.ArrowException as error:
                raise InputError(f"Parquet cannot store these rows: {error}") from None


def _write_csv(rows: Rows, sink: IO[bytes]) -> None:
    import polars as pl
    import pyarrow as pa

    _require_flat(rows)
    header = True
    for batch in [pa.RecordBatch.from_pylist([], rows.schema), *_batches(rows)]:
        # Polars has no dates outside Python's range.
        columns = [
            pa.array([None if value is None else str(value) for value in values_of(column)])
            if has_extreme_times(column)
            else column
            for column in batch.columns
        ]
        table = pa.Table.from_arrays(columns, names=batch.schema.names)
        sink.write(pl.from_arrow(table).write_csv(include_header=header).encode())  # type: ignore[union-attr]
        header = False


def _write_json(rows: Rows, sink: IO[bytes]) -> None:
    """One object per line inside one array: JSON for programs, lines for `grep` and `head`."""
    import msgspec

    names, separator = rows.schema.names, b"[\n"
    for batch in _batches(rows):
        for row in rows_of(batch):
            line = msgspec.json.encode(dict(zip(names, row, strict=True)), enc_hook=str)
            sink.write(separator + line)
            separator = b",\n"
    sink.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _require_flat(rows: Rows) -> None:
    """Raise InputError for a column that CSV cannot represent; the message says what to do."""
    from pyarrow import types

    for field in rows.schema:
        content = None
        if types.is_nested(field.type):
            content = "lists"
        elif types.is_interval(field.type) or types.is_duration(field.type):
            content = "intervals"
        elif str(field.type).startswith(("binary", "large_binary", "fixed_size_binary", "extens")):
            content = "bytes"
        if content:
            raise InputError(
                f"column {field.name} contains {content}, which CSV cannot represent: cast it to "
                "text or use --format json or parquet"
            )

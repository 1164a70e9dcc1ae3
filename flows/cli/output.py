"""Rows for people on stdout or whole into a file, a batch at a time."""

import sys
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from flows.cli.options import Format
from flows.cli.terminal import printable, raw_stream
from flows.cli.values import has_extreme_times, rows_of, values_of
from schemas.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

Rows: TypeAlias = "pa.Table | pa.RecordBatchReader"

MOST_ROWS = 1_000
"""Rows an aligned table shows; whoever wants more wants them in another format."""


def print_rows(rows: Rows) -> None:
    """An aligned table of the first MOST_ROWS rows, numbers to the right, nothing cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Into a pipe or file a table is as wide as it needs to be: nothing is folded there.
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
        shown = batch.slice(0, MOST_ROWS - table.row_count)
        for row in rows_of(shown):
            # As Text, because in a plain string Rich takes [brackets] for its markup.
            table.add_row(*(Text(_cell(value)) for value in row))
        if shown.num_rows < batch.num_rows:
            more = True
            break
    for column in table.columns:
        # Headers give way before words and numbers do.
        column.min_width = min(24, max((len(str(cell)) for cell in column._cells), default=0))
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip(), file=raw_stream(sys.stdout))
    if more:
        print(
            f"the first {MOST_ROWS:,} rows; --format csv, json or parquet gives all",
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
        # What four places would make a zero, and what no eye can count the digits of.
        return f"{value:.4g}" if value and not 1e-3 <= abs(value) < 1e15 else plain
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_cell(one)}" for name, one in value.items())
    # Numbers that are names, as image ids are, would be harder to copy with separators in them.
    return printable(str(value))


def write_rows(rows: Rows, form: Format, output: Path | None) -> None:
    """Rows as a table, CSV, JSON or Parquet, on stdout or whole into a file.

    The file's ending says the format where none was asked for.
    """
    if output is not None and form is Format.table:
        endings = {f".{one.value}": one for one in (Format.csv, Format.json, Format.parquet)}
        if output.suffix not in endings:
            raise InputError(f"{output}: name it .csv, .json or .parquet, or give --format")
        form = endings[output.suffix]
    if output is None:
        if form is Format.parquet:
            raise InputError("Parquet is not for a terminal: add --output FILE.parquet")
        if form is Format.table:
            print_rows(rows)
            return
        _write(rows, form, sys.stdout.buffer)
        sys.stdout.flush()
        return
    from flows.pipelines.query import atomic_write

    with atomic_write(output) as sink:
        _write(rows, form, sink)


def _write(rows: Rows, form: Format, sink: IO[bytes]) -> None:
    import pyarrow as pa

    _require_names(rows)
    if form is Format.parquet:
        import pyarrow.parquet as pq

        with closing(_parquet_writer(pq, sink, rows.schema)) as writer:
            for batch in _batches(rows):
                try:
                    writer.write_batch(batch)
                except pa.ArrowException as error:
                    raise InputError(f"Parquet cannot hold these rows: {error}") from None
    elif form is Format.csv:
        import polars as pl

        _require_flat(rows)
        empty = pa.Table.from_batches([], rows.schema)
        sink.write(_csv(pl, empty, header=True))
        for batch in _batches(rows):
            columns = [_csv_column(column) for column in batch.columns]
            flat = pa.Table.from_arrays(columns, names=batch.schema.names)
            sink.write(_csv(pl, flat, header=False))
    else:
        import msgspec

        # One object a line inside one array: JSON for programs, lines for `grep` and `head`.
        names = rows.schema.names
        lines = (
            msgspec.json.encode(dict(zip(names, row, strict=True)), enc_hook=str)
            for batch in _batches(rows)
            for row in rows_of(batch)
        )
        first = next(lines, None)
        sink.write(b"[" if first is None else b"[\n" + first)
        for line in lines:
            sink.write(b",\n" + line)
        sink.write(b"]\n" if first is None else b"\n]\n")


def _csv(pl: Any, rows: "pa.Table", *, header: bool) -> bytes:
    text: str = pl.from_arrow(rows).write_csv(include_header=header)
    return text.encode()


def _require_names(rows: Rows) -> None:
    """Files tell columns apart by their names: say which one stands twice."""
    names = rows.schema.names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"column {twice[0]} stands twice: name one of them otherwise, with `as`")


def _csv_column(column: "pa.Array") -> "pa.Array":
    """The column, or its text where Polars has no dates as far away."""
    import pyarrow as pa

    if not has_extreme_times(column):
        return column
    return pa.array([None if value is None else str(value) for value in values_of(column)])


def _parquet_writer(pq: Any, sink: IO[bytes], schema: "pa.Schema") -> Any:
    """A writer; InputError names the first column of a type that Parquet does not have."""
    import pyarrow as pa

    try:
        return pq.ParquetWriter(sink, schema, compression="zstd")
    except pa.ArrowException as error:
        for field in schema:
            try:
                pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([field])).close()
            except pa.ArrowException:
                raise InputError(
                    f"column {field.name} is of type {field.type}, which Parquet cannot hold: "
                    "cast it to text"
                ) from None
        raise InputError(f"Parquet cannot hold these columns: {error}") from None


def _require_flat(rows: Rows) -> None:
    """CSV holds one plain value in each cell: name a column of others, and what to do instead."""
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
                f"column {field.name} holds {content}, which CSV cannot: cast it to text or use "
                "--format json or parquet"
            )

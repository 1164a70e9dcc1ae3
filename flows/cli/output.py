"""Rows for people on stdout or whole into a file."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.options import Format
from schemas.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def print_rows(rows: "pa.Table", *, title: str | None = None) -> None:
    """An aligned table; numbers to the right with thousands set apart, nothing cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    # Into a pipe or file a table is as wide as it needs to be: nothing is folded there.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False
    )
    for field in rows.schema:
        right = str(field.type).startswith(("int", "uint", "float", "double", "decimal"))
        table.add_column(field.name, justify="right" if right else "left", overflow="fold")
    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        table.add_row(*(_cell(value) for value in row))
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".") if value == value else "nan"
    # Numbers that are names, as image ids are, would be harder to copy with separators in them.
    return str(value)


def give_rows(rows: "pa.Table", form: Format, output: Path | None) -> None:
    """Rows as a table, CSV, JSON lines or Parquet, on stdout or whole into a file."""
    if output is not None and output.suffix == ".parquet" and form is Format.table:
        form = Format.parquet
    if form is Format.parquet and output is None:
        raise InputError("Parquet is not for a terminal: add --output FILE.parquet")
    if output is None and form is Format.table:
        print_rows(rows)
        return
    if output is None:
        _write(rows, form, sys.stdout.buffer)
        sys.stdout.flush()
        return
    from flows.pipelines.ask import write_whole

    with write_whole(output) as sink:
        _write(rows, form, sink)


def _write(rows: "pa.Table", form: Format, sink: Any) -> None:
    if form is Format.parquet:
        import pyarrow.parquet as pq

        pq.write_table(rows, sink, compression="zstd")
    elif form is Format.csv:
        import polars as pl

        frame = pl.from_arrow(rows)
        assert_flat(rows)
        sink.write(frame.write_csv().encode())  # type: ignore[union-attr]
    elif form is Format.json:
        names = rows.column_names
        for batch in rows.to_batches(max_chunksize=10_000):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                line = json.dumps(dict(zip(names, row, strict=True)), default=str)
                sink.write(line.encode() + b"\n")
    else:
        raise InputError("a table is for the terminal: add --format csv, json or parquet")


def assert_flat(rows: "pa.Table") -> None:
    """CSV holds no lists: say which column does, and what to write instead."""
    for field in rows.schema:
        if str(field.type).startswith(("list", "large_list", "struct", "fixed_size_list")):
            raise InputError(
                f"column {field.name} holds lists, which CSV cannot: use --format json or parquet"
            )

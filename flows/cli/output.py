"""Rows as an aligned table on stdout, or in another format there or in a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.options import Format
from flows.cli.terminal import printable, raw_stream
from schemas.errors import InputError

if TYPE_CHECKING:
    from flows.pipelines.row_formats import Rows

ROWS_SHOWN = 1_000
"""Rows that an aligned table shows; the other formats contain all."""


def print_rows(rows: "Rows") -> None:
    """Print the first ROWS_SHOWN rows as an aligned table, numbers to the right, no cell cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from flows.pipelines.row_formats import batches_of, tuples_of

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
    for batch in batches_of(rows):
        shown = batch.slice(0, ROWS_SHOWN - table.row_count)
        for row in tuples_of(shown):
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


def write_rows(rows: "Rows", form: Format, output: Path | None, *, empty: str = "") -> None:
    """Write rows to stdout, or to a file that is complete or absent.

    The suffix of the file determines the format unless one is given. `empty` is printed instead of
    an aligned table without rows.
    """
    from flows.pipelines import row_formats

    if output is not None:
        row_formats.write_file(rows, None if form == "table" else form, output)
    elif form == "parquet":
        raise InputError("Parquet is a binary format: add --output FILE.parquet")
    elif form != "table":
        row_formats.write_rows(rows, form, sys.stdout.buffer)
        sys.stdout.flush()
    elif empty and getattr(rows, "num_rows", None) == 0:
        print(empty)
    else:
        print_rows(rows)

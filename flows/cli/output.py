"""Rows as an aligned table on stdout, or in another format there or in a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.options import Format
from flows.cli.terminal import printable, raw_stream
from schemas.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from flows.cli.text_table import TextColumn
    from flows.pipelines.row_formats import Rows

SELECTION = ("attribute", "value", "mode", "category")
"""Columns of scores that are one column when printed."""

ROWS_SHOWN = 1_000
"""Rows that an aligned table shows; the other formats contain all."""


def print_rows(rows: "Rows") -> None:
    """Print the first ROWS_SHOWN rows as an aligned table, numbers to the right, no cell cut.

    Fits a terminal as flows/cli/text_table.py says; into a pipe or a file, lines have any width.
    """
    from rich.console import Console

    from flows.cli.text_table import fitted

    columns, more = _text_columns(rows)
    width = (Console().width or None) if sys.stdout.isatty() else None
    # Tables have their widths: with that of the terminal, Rich would cut them to it.
    console = Console(highlight=False, width=1_000_000)
    with console.capture() as capture:
        for part in fitted(columns, width):
            console.print(part)
    for line in capture.get().splitlines():
        print(line.rstrip(), file=raw_stream(sys.stdout))
    if more:
        print(
            f"the first {ROWS_SHOWN:,} rows; --format csv, json or parquet writes all",
            file=sys.stderr,
        )


def with_subsets(scores: "pa.Table") -> "pa.Table":
    """Scores with the columns of SELECTION as one: `all`, `skirt`, `scale small removed`.

    So there is room for the scores on a narrow terminal. Without such columns, the same rows.
    """
    from schemas.scores import ALL

    names = [name for name in SELECTION if name in scores.column_names]
    if not names:
        return scores
    subsets = [
        " ".join(word for word in row.values() if word not in (None, ALL)) or ALL
        for row in scores.select(names).to_pylist()
    ]
    return scores.drop_columns(names).add_column(1, "subset", [subsets])


def _text_columns(rows: "Rows") -> tuple[list["TextColumn"], bool]:
    """The first ROWS_SHOWN rows as text by column, and whether there are more."""
    from flows.cli.text_table import TextColumn
    from flows.pipelines.row_formats import batches_of, tuples_of

    cells: list[list[str]] = [[] for _ in rows.schema]
    count, more = 0, False
    for batch in batches_of(rows):
        shown = batch.slice(0, ROWS_SHOWN - count)
        for row in tuples_of(shown):
            for column, value in zip(cells, row, strict=True):
                column.append(_cell(value))
        count += shown.num_rows
        if more := shown.num_rows < batch.num_rows:
            break
    columns = []
    for field, column in zip(rows.schema, cells, strict=True):
        kind = str(field.type)
        is_number = kind.startswith(("int", "uint", "float", "double", "decimal"))
        wraps = not is_number and not kind.startswith(("date", "time", "duration"))
        columns.append(TextColumn(printable(field.name), column, is_number, wraps))
    return columns, more


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
    return printable(str(value)).expandtabs()


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

"""Columns of cells as text in, a table or records that fit a terminal out: no value is cut.

A line breaks between words only, so numbers and ids are whole. Where a table is wider than the
terminal, text wraps in its column; then a few rows become records, one line per column; then
columns at the end are left out and named.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import fill

from rich import box
from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

FEW_ROWS = 5
"""Up to as many rows become records."""

GAPS = (3, 2)
"""Spaces between columns; fewer where the table is too wide for the terminal otherwise."""

NARROWEST_TEXT = 20
"""Cells of text are not wrapped to fewer characters than this."""


@dataclass(frozen=True)
class TextColumn:
    """A column to print: its name, its cells, whether they are numbers, whether they may wrap."""

    name: str
    cells: Sequence[str]
    is_number: bool = False
    wraps: bool = False

    @cached_property
    def widest(self) -> int:
        """The width that needs no line break."""
        return max(map(cell_len, (self.name, *self._lines)))

    @cached_property
    def narrowest(self) -> int:
        """The width of the widest word of the cells and the widest part of the name."""
        cells = max(map(cell_len, self._lines), default=0)
        if self.wraps:
            words = (word for line in self._lines for word in line.split())
            cells = max(min(cells, NARROWEST_TEXT), *map(cell_len, words), 0)
        return max(cells, *map(cell_len, _parts(self.name)))

    @cached_property
    def _lines(self) -> list[str]:
        return [line for cell in self.cells for line in cell.splitlines()]

    def header(self, width: int) -> Text:
        """The name, folded after underscores where the column is narrower."""
        lines = [""]
        for part in _parts(self.name):
            if lines[-1] and cell_len(lines[-1] + part) > width:
                lines.append("")
            lines[-1] += part
        return Text("\n".join(lines))


def _parts(name: str) -> list[str]:
    return re.findall(r"[^_\s]*[_\s]*", name)


@dataclass(frozen=True)
class Layout:
    """The widths of the first columns, as many as fit, but at least one, and the gap between."""

    widths: Sequence[int]
    gap: int

    @property
    def total(self) -> int:
        """The width of the table."""
        return sum(self.widths) + self.gap * (len(self.widths) - 1)


def fitted(columns: Sequence[TextColumn], width: int | None) -> Iterator[Table | Text]:
    """What to print for these columns: a table or records, and a line that names what is left out.

    `width` is that of the terminal; None means any width, as a pipe or a file takes.
    """
    layout = _layout(columns, width)
    rows = len(columns[0].cells) if columns else 0
    hidden = [column.name for column in columns[len(layout.widths) :]]
    if hidden and width and 0 < rows <= FEW_ROWS:
        yield from _records(columns, rows, width)
        return
    yield _table(columns, layout)
    if hidden and width:
        noun = "column" if len(hidden) == 1 else "columns"
        note = f"{len(hidden)} more {noun} on a wider terminal or in a pipe: {', '.join(hidden)}"
        yield Text(fill(note, width, break_long_words=False, break_on_hyphens=False))


def _layout(columns: Sequence[TextColumn], available: int | None) -> Layout:
    if available is None:
        return Layout([column.widest for column in columns], GAPS[0])
    narrowest = [column.narrowest for column in columns]
    gap = next((gap for gap in GAPS if Layout(narrowest, gap).total <= available), GAPS[-1])
    while len(narrowest) > 1 and Layout(narrowest, gap).total > available:
        narrowest.pop()
    widths = [
        max(least, min(column.widest, available))
        for column, least in zip(columns, narrowest, strict=False)
    ]
    while Layout(widths, gap).total > available and widths != narrowest:
        # The widest of the columns that can be narrower gives up a character.
        shrinkable = [place for place, width in enumerate(widths) if width > narrowest[place]]
        widths[max(shrinkable, key=widths.__getitem__)] -= 1
    return Layout(widths, gap)


def _table(columns: Sequence[TextColumn], layout: Layout, *, header: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, show_header=header)
    # The box itself puts one space between two columns.
    table.padding = (0, layout.gap - 2, 0, 1)
    shown = columns[: len(layout.widths)]
    for column, width in zip(shown, layout.widths, strict=True):
        justify: JustifyMethod = "right" if column.is_number else "left"
        table.add_column(column.header(width), justify=justify, width=width)
    for row in zip(*(column.cells for column in shown), strict=True):
        # As Text: in a plain string, Rich would interpret [brackets] as markup.
        table.add_row(*map(Text, row))
    return table


def _records(columns: Sequence[TextColumn], rows: int, available: int) -> Iterator[Table | Text]:
    """Each row as a table of two columns: the names and the values."""
    names = TextColumn("", [column.name for column in columns])
    for row in range(rows):
        if rows > 1:
            yield Text(f"row {row + 1} ".ljust(available, "─"))
        record = (names, TextColumn("", [column.cells[row] for column in columns], wraps=True))
        yield _table(record, _layout(record, available), header=False)

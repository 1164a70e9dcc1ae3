"""Arrow tables -> tables of a page: labels for columns, numbers as people write them, sort keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Cell:
    """What a cell shows, what it sorts by, and its look: a CSS class or nothing."""

    text: str
    sort: float | str
    look: str = ""


@dataclass(frozen=True)
class TableBlock:
    """A sortable table; `numeric` says which columns are numbers, set to the right."""

    caption: str
    labels: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: str = "table"


_NONE = "\u2013"

Format = Callable[[Any], Cell]


def number(value: float | int | None) -> Cell:
    """1,234 or 0.567; a dash where there is none."""
    if value is None:
        return Cell(_NONE, float("-inf"), "none")
    if isinstance(value, int) or float(value).is_integer():
        return Cell(f"{int(value):,}", value)
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return Cell(f"{value:,.{digits}f}", value)


def plain_number(value: float | None) -> Cell:
    """A number that names something: no separators."""
    return Cell(_NONE, -1, "none") if value is None else Cell(f"{value:g}", value)


def signed(value: float | None) -> Cell:
    """A difference, with its sign."""
    if value is None:
        return number(None)
    return Cell(f"{value:+,}" if value else "0", value)


def share(value: float | None) -> Cell:
    """A part of one as percent."""
    return number(None) if value is None else Cell(f"{100 * value:.1f} %", value)


def size(value: float | None) -> Cell:
    """Bytes in the unit that fits."""
    if value is None:
        return number(None)
    amount, units = float(value), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while amount >= 1000 and unit != "TB":
        amount, unit = amount / 1000, next(units)
    return Cell(f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}", value)


def words(value: Any) -> Cell:
    """Text as it is."""
    if value is None:
        return Cell(_NONE, "", "none")
    text = str(value)
    return Cell(text, text, "prose" if len(text) > 40 else "")


def label(value: Any) -> Cell:
    """A word of the tables for people: `side_or_back` reads `side or back`."""
    return words(value if value is None else str(value).replace("_", " "))


def code(value: Any) -> Cell:
    """A path, a key or a message, in the typewriter's face."""
    cell = words(value)
    return Cell(cell.text, cell.sort, "code")


def badge(looks: Mapping[str, str]) -> Format:
    """A word with a coloured sign, its look found by the word."""

    def shown(value: Any) -> Cell:
        return Cell(str(value), str(value), f"badge {looks.get(str(value), 'quiet')}")

    return shown


_NUMERIC = (number, signed, share, size, plain_number)


def table_block(
    table: pa.Table | Sequence[Mapping[str, Any]],
    columns: Mapping[str, tuple[str, Format]],
    *,
    caption: str,
) -> TableBlock:
    """The columns named, in that order, with label and format; absent ones are left out."""
    rows = table.to_pylist() if isinstance(table, pa.Table) else list(table)
    there = table.column_names if isinstance(table, pa.Table) else (rows[0] if rows else ())
    shown = {name: look for name, look in columns.items() if name in there}
    return TableBlock(
        caption,
        tuple(text for text, _ in shown.values()),
        tuple(form in _NUMERIC for _, form in shown.values()),
        tuple(tuple(form(row[name]) for name, (_, form) in shown.items()) for row in rows),
    )

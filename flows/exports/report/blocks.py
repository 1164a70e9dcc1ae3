"""Blocks of a page as values for its templates: tables, pictures, grids, details, key values.

A block is a dictionary; `kind` names the macro that shows it. A table derives the label of a
column from its name, and the format of its cells from its type and unit.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import humanize
import pyarrow as pa
from PIL import Image

Block = dict[str, Any]

_LABELS = {"dataset": "Data set", "ours": "This release", "finds": "Looks for"}
_CODE = {"table", "file_name", "example_file", "example", "excerpt"}
_BADGES = {
    "ok": "good",
    "complete": "good",
    "near": "good",
    "warn": "warn",
    "far": "warn",
    "more than published": "warn",
    "error": "bad",
    "incomplete": "bad",
}
_BADGE_COLUMNS = {"verdict", "meaning"}
_ABSENT = "\N{EN DASH}"


def column_label(name: str, unit: str = "") -> str:
    """The head of a column: `median_width` in px reads `Median width (px)`."""
    label = _LABELS.get(name) or name.replace("_", " ").capitalize()
    return f"{label} (px)" if unit == "px" else label


def cell_text(value: Any, unit: str = "") -> str:
    """A value as people write it: 1,234 or 0.567, 12.3 %, 1.5 MB; a dash for null."""
    if value is None:
        return _ABSENT
    if not isinstance(value, (int, float)):
        return str(value)
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "bytes":
        return humanize.naturalsize(value)
    if isinstance(value, int) or value.is_integer():
        return f"{int(value):,}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def table_block(
    table: pa.Table,
    caption: str,
    *,
    units: Mapping[str, str] | None = None,
    units_of: Callable[[Mapping[str, Any]], Mapping[str, str]] | None = None,
    docs: Mapping[str, str] | None = None,
) -> Block:
    """A sortable table of all columns; `docs` explain them where the reader points at a head.

    `units_of` gives the units of a row where rows differ in them.
    """
    units, docs = units or {}, docs or {}
    columns = []
    for field in table.schema:
        unit = units.get(field.name, "")
        columns.append(
            {
                "label": column_label(field.name, unit),
                "doc": docs.get(field.name, ""),
                "numeric": pa.types.is_integer(field.type) or pa.types.is_floating(field.type),
                "code": field.name in _CODE,
                "badge": field.name in _BADGE_COLUMNS,
            }
        )
    rows = []
    for row in table.to_pylist():
        of_row = units_of(row) if units_of else units
        cells = zip(row.items(), columns, strict=True)
        rows.append([_cell(value, column, of_row.get(name, "")) for (name, value), column in cells])
    return {"kind": "table", "caption": caption, "columns": columns, "rows": rows}


def _cell(value: Any, column: Mapping[str, Any], unit: str) -> dict[str, Any]:
    text = cell_text(value, unit)
    look = "code" if column["code"] else "prose" if len(text) > 40 else ""
    badge = f"badge {_BADGES.get(text, 'quiet')}" if column["badge"] else ""
    missing = "-inf" if column["numeric"] else ""
    return {"text": text, "sort": missing if value is None else value, "look": look, "badge": badge}


def grid(
    blocks: Sequence[Block], *, width: str = "", title: str = "", legend: Sequence[str] = ()
) -> Block:
    """Blocks next to each other, as many as the window is wide; `width` is a CSS class."""
    return {"kind": "grid", "blocks": blocks, "width": width, "title": title, "legend": legend}


def details(title: str, block: Block) -> Block:
    """A block that opens on a click."""
    return {"kind": "details", "title": title, "block": block}


def paragraph(text: str) -> Block:
    """A sentence in place of a table."""
    return {"kind": "paragraph", "text": text}


def key_values(pairs: Iterable[tuple[str, str]], caption: str) -> Block:
    """Names with values, in two columns."""
    return {"kind": "key_values", "pairs": list(pairs), "caption": caption}


def picture_block(
    picture: Image.Image, caption: str, *, wide: bool = False, pixelated: bool = False
) -> Block:
    """A picture in the page itself: a photograph as JPEG, a pixelated one as PNG."""
    buffer = BytesIO()
    file_format = "png" if pixelated else "jpeg"
    colours = picture if pixelated else picture.convert("RGB")
    colours.save(buffer, file_format, quality=82, optimize=True)
    return {
        "kind": "picture",
        "uri": f"data:image/{file_format};base64,{b64encode(buffer.getvalue()).decode()}",
        "width": picture.width,
        "height": picture.height,
        "caption": caption,
        "wide": wide,
        "pixelated": pixelated,
    }

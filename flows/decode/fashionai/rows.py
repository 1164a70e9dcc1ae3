"""FashionAI's CSV tables: bytes in, one `Row` per line out, valid or with a `Reason`.

A line is a record: the source quotes nothing, so a line break inside quotes is damage and must not
join lines. Rows are numbered as an editor numbers lines; the header is usually row 1.

- A byte order mark, CRLF, a missing final newline, quoted cells and empty lines change nothing.
- Columns are found by name, in any order. A file without a header, or with a column that FashionAI
  does not have, raises InputError: its cells could mean anything.
- Point columns may be missing, as in files that contestants split by category. A row whose category
  needs a missing column is rejected (`missing_key`). A file without point columns lists images.
- A cell must hold three whole numbers; visibility is -1, 0 or 1. A coordinate beyond MAX_COORDINATE
  is `non_finite`. All others are kept: 0, the image's width, negative ones.
- A point that the row's category does not have must be -1_-1_-1; any other value would be lost.
- The folder in image_id and the category may differ; both are kept as they are.
"""

import csv
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from flows.decode.batch import Reason
from schemas.annotation import MAX_COORDINATE
from schemas.categories import CATEGORIES, FASHIONAI_POINTS, Category
from schemas.datasets import DATASETS
from schemas.errors import InputError
from schemas.vocabulary import FASHIONAI_VISIBILITY

MAX_ROWS = 200_000
"""Of all tables of a source together; the four published sets have 64,131."""
MAX_COMMAS = 26 * MAX_ROWS
ABSENT = (-1, -1, -1)

_STEM = r"(?P<stem>[0-9a-fA-F]{32})\.(?i:jpe?g|png)\Z"
_IMAGE_CELL = re.compile(rf"(?:[0-9A-Za-z_-]+/)*{_STEM}")
_PICTURE_NAME = re.compile(rf"(?:^|/){_STEM}")
# Python does not read integers of more than 4,300 digits.
_POINT_CELL = re.compile(r"(-?[0-9]{1,4300})_(-?[0-9]{1,4300})_(-?[0-9]{1,4300})\Z")
_CATEGORIES = {category.name: category for category in CATEGORIES["fashionai"]}
_OWN_POINTS = {name: frozenset(category.landmark_names) for name, category in _CATEGORIES.items()}


@dataclass(slots=True)
class Row:
    """One line of a table; `reason` is None while the row is valid.

    `listed` says that the table has no point columns. `points` holds x, y and visibility code of
    the category's points, one after another, in the category's order; empty for a listed image.
    """

    table: str
    number: int
    line: str
    listed: bool
    part: int
    image_id: int | None
    file_name: str | None
    category: Category | None = None
    points: "array[int]" = field(default_factory=lambda: array("i"))
    reason: Reason | None = None


class _Header:
    """The columns of one table by name; raises InputError when the line is not a FashionAI header.

    `incomplete` are the categories whose points the table has not all of.
    """

    def __init__(self, table: str, line: str) -> None:
        columns = _cells(line) or []
        if not {"image_id", "image_category"} <= set(columns):
            is_row = re.search(r"[0-9a-fA-F]{32}\.(?i:jpe?g|png)", line)
            first = "already a row, as in submissions," if is_row else repr(line[:60])
            raise InputError(
                f"{table} has no FashionAI header: its first line is {first} and not image_id,"
                f"image_category,{FASHIONAI_POINTS[0]},...; if it is a FashionAI table, add one"
            )
        documented = ("image_id", "image_category", *FASHIONAI_POINTS)
        for number, column in enumerate(columns):
            if column not in documented:
                raise InputError(f"{table} has an unknown column {column!r}: remove it")
            if column in columns[:number]:
                raise InputError(f"{table} has column {column!r} twice: remove one of them")
        self.count = len(columns)
        self.image_id = columns.index("image_id")
        self.category = columns.index("image_category")
        self.points = {
            point: columns.index(point) for point in FASHIONAI_POINTS if point in columns
        }
        self.incomplete = {
            name for name, points in _OWN_POINTS.items() if self.points and points - set(columns)
        }


def read_rows(table: str, data: bytes, *, part: int | None = None) -> list[Row]:
    """The rows of one table in order, of one part or of all.

    Raises InputError when the table is too long or its header is not FashionAI's.
    """
    lines = _lines(table, data)
    _, first = next(lines, (0, ""))
    if not first:
        raise InputError(f"{table} is empty: expected a header and one row per image")
    header = _Header(table, first)
    rows = []
    for number, line in lines:
        # Every part reads the whole table: other parts' rows are skipped before more is parsed.
        first_cells = _cells(line, header.image_id + 1) or []
        file_name = first_cells[header.image_id] if len(first_cells) > header.image_id else None
        image_id, row_part = _image_of(_IMAGE_CELL.match(file_name) if file_name else None)
        if part is not None and row_part != part:
            continue
        row = Row(table, number, line, not header.points, row_part, image_id, file_name)
        row.reason = _read_cells(row, _cells(line), header)
        rows.append(row)
    return rows


def image_of_picture(name: str) -> tuple[int | None, int]:
    """The image_id and the part of a picture file; None and 0 when its name is not a hash."""
    return _image_of(_PICTURE_NAME.search(name))


def _image_of(match: re.Match[str] | None) -> tuple[int | None, int]:
    """The image_id is the first 13 hex digits of the hash, the part is the first one."""
    if match is None:
        return None, 0
    image_id = int(match["stem"][:13], 16)
    return image_id, image_id // DATASETS["fashionai"].part_images


def _lines(table: str, data: bytes) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers."""
    codes = np.frombuffer(data, np.uint8)
    for character, limit, word in (("\n", MAX_ROWS, "lines"), (",", MAX_COMMAS, "commas")):
        if (count := np.count_nonzero(codes == ord(character))) > limit:
            raise InputError(f"{table} has {count:,} {word}, more than the limit of {limit:,}")
    # Bytes that are not UTF-8 become a character that no cell allows, and so a rejected row.
    lines = data.decode("utf-8-sig", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        if text := line.removesuffix("\r"):
            yield number, text


def _cells(line: str, count: int = -1) -> list[str] | None:
    """The cells of a line, at least the first `count`; None when a quote is not closed."""
    if '"' not in line:
        return line.split(",", count)
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return None


def _read_cells(row: Row, cells: list[str] | None, header: _Header) -> Reason | None:
    """Fill in category and points; the first rule that the row breaks is the reason."""
    if cells is None:
        return _reason(row, "bad_row", "a quote is not closed", row.line)
    if len(cells) != header.count:
        message = f"number of cells is {len(cells)} instead of {header.count}"
        return _reason(row, "bad_row", message, row.line)
    if row.image_id is None:
        message = "not Images/<category>/<32 hex digits>.jpg"
        return _reason(row, "bad_cell", message, row.file_name or "", "image_id")
    name = cells[header.category]
    row.category = _CATEGORIES.get(name)
    if row.category is None:
        message = f"none of {', '.join(_CATEGORIES)}"
        return _reason(row, "unknown_category", message, name, "image_category")
    if name in header.incomplete:
        message = f"the table has no column for some points of {name}"
        return _reason(row, "missing_key", message, name)
    own_points, errors = _OWN_POINTS[name], []
    for point, column in header.points.items():
        cell, is_own = cells[column], point in own_points
        if cell == "-1_-1_-1" and not is_own:
            continue
        numbers = _read_point(cell, is_own=is_own)
        if isinstance(numbers, Reason):
            errors.append((numbers, point))
        elif is_own:
            row.points.extend(numbers)
    if not errors:
        return None
    (rule, message, excerpt), point = errors[0]
    message += f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return _reason(row, rule, message, excerpt, point)


def _reason(row: Row, rule: str, message: str, excerpt: str, column: str = "") -> Reason:
    """A reason that names the row, and the column unless the whole row is at fault."""
    place = f"row {row.number}" + (f", column {column}" if column else "")
    return Reason(rule, f"{place}: {message}", excerpt)


def _read_point(cell: str, *, is_own: bool) -> tuple[int, int, int] | Reason:
    """x, y and visibility code of a cell, of one of the category's own points or of another."""
    match = _POINT_CELL.match(cell)
    if match is None:
        return Reason("bad_cell", "not x_y_v in whole numbers", cell)
    x, y, code = map(int, match.groups())
    if code not in FASHIONAI_VISIBILITY:
        codes = ", ".join(map(str, FASHIONAI_VISIBILITY))
        return Reason("unknown_code", f"visibility is none of {codes}", cell)
    if abs(x) > MAX_COORDINATE or abs(y) > MAX_COORDINATE:
        return Reason("non_finite", "a coordinate beyond a million pixels", cell)
    if not is_own and (x, y, code) != ABSENT:
        message = "the category has no such point, so it must be -1_-1_-1"
        return Reason("bad_cell", message, cell)
    return x, y, code

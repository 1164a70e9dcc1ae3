"""FashionAI's CSV: bytes in, one row per line out, each good or with the rule it breaks.

Everything is done to whole columns. A line is a record: the source quotes nothing, so a line break
inside quotes is damage and must not swallow the lines after it. Rows are numbered as an editor
numbers lines, the header being row 1. What is decided where the source is silent:

- A byte order mark, CRLF, a missing final newline, quoted cells and empty lines change nothing.
- Columns are found by name, in any order. A file without a header, or with a column that is not
  FashionAI's, is refused whole (InputError): its cells could mean anything.
- Point columns may be missing, as in files that contestants split by category. A row whose own
  category needs one of them is refused (`missing_key`); without any the file is a list of images.
- A cell must be three whole numbers; visibility is -1, 0 or 1. Coordinates beyond a million are
  `non_finite`. Others are kept as they are: 0, the width itself, below zero.
- A point that the row's category does not have must be -1_-1_-1, else it would be lost.
- The folder in image_id and the category may differ; both are kept as the source has them.
"""

import csv
import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from schemas.categories import CATEGORIES, FASHIONAI_POINTS
from schemas.errors import InputError
from schemas.vocabulary import FASHIONAI_VISIBILITY

KEYS = ("image_id", "image_category")
ABSENT = -1
STEM = r"([0-9a-fA-F]{32})"
FILE_NAME = rf"^(?:[0-9A-Za-z_-]+/)*{STEM}\.(?i:jpe?g|png)$"
"""An image_id cell, and the end of a picture's name; the hash is the stem of the file."""

ID_DIGITS = 13
MOST_LINES = 200_000
"""Of all tables of a source together; the four published sets have 64,131."""
_MOST_COMMAS = 26 * MOST_LINES
_CELL = r"^(-?[0-9]+)_(-?[0-9]+)_(-?[0-9]+)$"
_MOST = 1_000_000  # the bound of validation, kept here so that a refused row is named by its cell

CATEGORY = {one.name: place for place, one in enumerate(CATEGORIES["fashionai"])}
OWN = np.zeros((len(CATEGORY), len(FASHIONAI_POINTS)), dtype=bool)
"""Which of the 24 points each category has."""
for _place, _one in enumerate(CATEGORIES["fashionai"]):
    OWN[_place, list(_one.slots)] = True

REFUSED = {"rule": pl.String, "message": pl.String, "excerpt": pl.String}


@dataclass(frozen=True)
class Rows:
    """Lines of tables. `points` is (lines, 24, 3) of x, y, visibility code, -1 where there is none.

    Columns of `frame`: table, listed (the table has no points at all), row, line, part, image_id,
    file_name, category (place in CATEGORIES), and rule, message, excerpt, null for a good line.
    """

    frame: pl.DataFrame
    points: NDArray[np.int64]


_NO_ROWS = Rows(
    pl.DataFrame(
        schema={
            "table": pl.String,
            "listed": pl.Boolean,
            "row": pl.Int64,
            "line": pl.String,
            "file_name": pl.String,
            "image_id": pl.Int64,
            "part": pl.Int32,
            "category": pl.Int8,
            **REFUSED,
        }
    ),
    np.empty((0, len(FASHIONAI_POINTS), 3), dtype=np.int64),
)


def read_rows(name: str, data: bytes, *, part: int | None = None) -> Rows:
    """The lines of one table, of one part or of all. Raises InputError when the header is none."""
    header, lines = _split_lines(name, data)
    frame = _with_keys(_with_cells(lines), header)
    if part is not None:
        frame = frame.filter(pl.col("part") == part)
    frame = _judge_keys(frame, header)
    points = np.full((len(frame), len(FASHIONAI_POINTS), 3), ABSENT, dtype=np.int64)
    places = [header.index(point) for point in FASHIONAI_POINTS if point in header]
    good = frame["rule"].is_null().to_numpy()
    if places and good.any():
        slots = np.array([FASHIONAI_POINTS.index(header[place]) for place in places])
        cells = frame.filter(good)["cells"].list.gather(places).explode()
        parsed, faults = _parse(cells)
        points[np.ix_(good, slots)] = parsed.reshape(-1, len(slots), 3)
        frame = _judge_points(frame, header, points, slots, faults.reshape(-1, len(slots)))
    frame = frame.select(
        pl.lit(name).alias("table"), pl.lit(not places).alias("listed"), pl.exclude("cells")
    )
    return Rows(frame, points)


def concat(tables: list[Rows]) -> Rows:
    """The lines of several tables, one table after the other."""
    tables = [_NO_ROWS, *tables]
    return Rows(
        pl.concat([one.frame for one in tables]), np.concatenate([one.points for one in tables])
    )


def _split_lines(name: str, data: bytes) -> tuple[list[str], pl.DataFrame]:
    """The header's columns, and the other lines that are not empty with their numbers."""
    for character, most, word in ((b"\n", MOST_LINES, "lines"), (b",", _MOST_COMMAS, "commas")):
        if (count := data.count(character)) > most:
            raise InputError(f"{name} has {count:,} {word}, more than the {most:,} that are read")
    # Bytes that are no UTF-8 become a character that no cell allows, and so a refused cell.
    text = data.decode("utf-8-sig", errors="replace")
    lines = pl.DataFrame({"line": text.split("\n")}, schema={"line": pl.String})
    lines = lines.select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row"),
        pl.col("line").str.strip_suffix("\r"),
    ).filter(pl.col("line") != "")
    if lines.is_empty():
        raise InputError(f"{name} is empty: expected a header and one row per image")
    first = lines["line"][0]
    header = _quoted_cells(first) or []
    if not set(KEYS) <= set(header):
        row = re.search(STEM + r"\.(?i:jpe?g|png)", first)
        found = "already a row, as in submissions," if row else repr(first[:60])
        raise InputError(
            f"{name} has no FashionAI header: its first line is {found} and not "
            f"{','.join(KEYS)},{FASHIONAI_POINTS[0]},...; if it is a FashionAI table, give it one"
        )
    unknown = [column for column in header if column not in (*KEYS, *FASHIONAI_POINTS)]
    twice = sorted({column for column in header if header.count(column) > 1})
    if unknown or twice:
        said = f"an unknown column {unknown[0]!r}" if unknown else f"column {twice[0]!r} twice"
        raise InputError(f"{name} has {said}: it would be lost, so remove it from the file")
    return header, lines.slice(1)


def _quoted_cells(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        return None


def _with_cells(lines: pl.DataFrame) -> pl.DataFrame:
    """Adds `cells`, null where a line's quotes do not close."""
    plain = lines.with_columns(pl.col("line").str.split(",").alias("cells"))
    quoted = lines["line"].str.contains('"', literal=True)
    if not quoted.any():
        return plain
    cells = [_quoted_cells(line) for line in lines.filter(quoted)["line"]]
    careful = lines.filter(quoted).with_columns(pl.Series("cells", cells, dtype=pl.List(pl.String)))
    return pl.concat([plain.filter(~quoted), careful]).sort("row")


def _with_keys(frame: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Adds what the line's first two columns say; part 0 where no image can be told."""
    cells = pl.col("cells")
    frame = frame.with_columns(
        cells.list.get(header.index("image_id"), null_on_oob=True).alias("file_name"),
        cells.list.get(header.index("image_category"), null_on_oob=True).alias("said"),
    )
    stem = pl.col("file_name").str.extract(FILE_NAME, 1)
    return frame.with_columns(
        stem.str.slice(0, ID_DIGITS).str.to_integer(base=16, dtype=pl.Int64).alias("image_id"),
        stem.str.slice(0, 1).str.to_integer(base=16, dtype=pl.Int32).fill_null(0).alias("part"),
        pl.col("said")
        .replace_strict(CATEGORY, default=None, return_dtype=pl.Int8)
        .alias("category"),
    )


def _judge_keys(frame: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Adds rule, message and excerpt for lines whose cell count, image or category is wrong."""
    present = np.array([point in header for point in FASHIONAI_POINTS])
    short = [place for place in CATEGORY.values() if (OWN[place] & ~present).any()]
    lacking = short if present.any() else []
    row, cells = pl.col("row"), pl.col("cells")
    count = cells.list.len()
    cases = (
        (cells.is_null(), "bad_row", pl.format("row {}: a quote is not closed", row), "line"),
        (
            count != len(header),
            "bad_row",
            pl.format(f"row {{}}: number of cells is {{}} instead of {len(header)}", row, count),
            "line",
        ),
        (
            pl.col("image_id").is_null(),
            "bad_cell",
            pl.format("row {}, column image_id: not Images/<category>/<32 hex digits>.jpg", row),
            "file_name",
        ),
        (
            pl.col("category").is_null(),
            "unknown_category",
            pl.format(f"row {{}}, column image_category: none of {', '.join(CATEGORY)}", row),
            "said",
        ),
        (
            pl.col("category").is_in(lacking),
            "missing_key",
            pl.format("row {}: the table has no column for some points of {}", row, "said"),
            "said",
        ),
    )
    rule = message = excerpt = pl.lit(None, pl.String)
    for condition, word, sentence, value in reversed(cases):
        rule = pl.when(condition).then(pl.lit(word)).otherwise(rule)
        message = pl.when(condition).then(sentence).otherwise(message)
        excerpt = pl.when(condition).then(pl.col(value)).otherwise(excerpt)
    return frame.with_columns(
        rule.alias("rule"), message.alias("message"), excerpt.alias("excerpt")
    ).drop("said")


_FAULTS = (
    ("", ""),
    ("bad_cell", "not x_y_v in whole numbers"),
    ("unknown_code", f"visibility is none of {', '.join(map(str, FASHIONAI_VISIBILITY))}"),
    ("non_finite", "a coordinate beyond a million pixels"),
    ("bad_cell", "the category has no such point, so it must be -1_-1_-1"),
)


def _parse(cells: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """(cells, 3) of whole numbers, -1 where there is a fault, and the fault of each cell."""
    fields = cells.str.extract_groups(_CELL).struct
    numbers = [
        fields.field(str(group)).cast(pl.Int64, strict=False).fill_null(_MOST + 1).to_numpy()
        for group in (1, 2, 3)
    ]
    x, y, code = numbers
    faults = np.zeros(len(cells), dtype=np.int8)
    faults[(x > _MOST) | (x < -_MOST) | (y > _MOST) | (y < -_MOST)] = 3
    faults[~np.isin(code, list(FASHIONAI_VISIBILITY))] = 2
    faults[fields.field("1").is_null().to_numpy()] = 1
    parsed = np.stack(numbers, axis=1)
    parsed[faults > 0] = ABSENT
    return parsed, faults


def _judge_points(
    frame: pl.DataFrame,
    header: list[str],
    points: NDArray[np.int64],
    slots: NDArray[np.intp],
    faults: NDArray[np.int8],
) -> pl.DataFrame:
    """Refuses lines with a faulty cell, named by the first such column from the left."""
    good = np.flatnonzero(frame["rule"].is_null().to_numpy())
    own = OWN[frame["category"].gather(good).to_numpy()][:, slots]
    stray = (points[np.ix_(good, slots)] != ABSENT).any(axis=2) & ~own
    faults = np.where((faults == 0) & stray, 4, faults)
    rows, words, sentences, excerpts = [], [], [], []
    for place in np.flatnonzero(faults.any(axis=1)):
        line = good[place]
        first = int(np.argmax(faults[place] > 0))
        column = FASHIONAI_POINTS[slots[first]]
        rule, why = _FAULTS[faults[place, first]]
        others = int((faults[place] > 0).sum()) - 1
        more = f" (and {others} more)" if others else ""
        rows.append(line)
        words.append(rule)
        sentences.append(f"row {frame['row'][int(line)]}, column {column}: {why}{more}")
        excerpts.append(frame["cells"][int(line)][header.index(column)])
    return refuse(frame, rows, words, sentences, excerpts)


def refuse(
    frame: pl.DataFrame,
    places: list[int],
    rules: list[str],
    messages: list[str],
    excerpts: list[str],
) -> pl.DataFrame:
    """The frame with the lines at `places` refused; those were good until now."""
    if not places:
        return frame
    refused = pl.DataFrame(
        {"at": places, "rule": rules, "message": messages, "excerpt": excerpts},
        schema={"at": pl.Int64, **REFUSED},
    )
    numbered = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"))
    return numbered.update(refused, on="at", how="left").drop("at")

"""Predicted key points of FashionAI: submission CSV files in, rows of PREDICTED_POINTS out.

A record has image_id, image_category and the 24 points as x_y_v, in the order of the published
tables or, with a header, in any order. A point may be outside its image; v does not count.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from flows.predictions.csv_records import read_csv, refuse, require_cells, require_columns
from flows.predictions.digest import open_predictions
from schemas.annotation import MAX_COORDINATE
from schemas.categories import FASHIONAI_POINTS
from schemas.predictions import PREDICTED_POINTS

_COLUMNS = ("image_id", "image_category", *FASHIONAI_POINTS)
_FORM = "image_id, image_category and the 24 key points"
_CELL = re.compile(r"(-?[0-9]{1,9}(?:\.[0-9]{1,20})?)_(-?[0-9]{1,9}(?:\.[0-9]{1,20})?)_(?:-1|0|1)")


def read_points(paths: Sequence[Path], images: pa.Table) -> pa.Table:
    """The rows of PREDICTED_POINTS of these files, 24 for each record.

    `images` are those of the split: image_id, file_name, and category_name or null. Raises
    InputError for a file or a record that cannot be used, and for an image given twice.
    """
    by_name = {image["file_name"]: image for image in images.to_pylist()}
    first_rows: dict[str, int] = {}
    image_ids: list[int] = []
    coordinates = array("d")
    row_numbers = count(1)
    for path in paths:
        with open_predictions(path) as file:
            for row, (name, category, *cells) in _records(path, file, row_numbers):
                if name not in by_name:
                    refuse(path, row, "image_id", name, "is not an image of the split")
                if (first := first_rows.setdefault(name, row)) != row:
                    refuse(path, row, "image_id", name, f"has a prediction in row {first} too")
                if category != (by_name[name]["category_name"] or category):
                    own = by_name[name]["category_name"]
                    refuse(path, row, "image_category", category, f"is not the image's: {own}")
                image_ids.append(by_name[name]["image_id"])
                for point, cell in zip(FASHIONAI_POINTS, cells, strict=True):
                    coordinates.extend(_place(path, row, point, cell))
    points, places = len(FASHIONAI_POINTS), np.array(coordinates)
    columns = {
        "row": np.repeat(np.arange(1, len(image_ids) + 1), points),
        "image_id": np.repeat(np.array(image_ids, np.int64), points),
        "landmark_name": list(FASHIONAI_POINTS) * len(image_ids),
        "x": places[0::2],
        "y": places[1::2],
    }
    return pa.table(columns, PREDICTED_POINTS.schema)


def _records(
    path: Path, file: BinaryIO, row_numbers: Iterator[int]
) -> Iterator[tuple[int, list[str]]]:
    """The number of each record, and its cells in the order of _COLUMNS."""
    order = list(range(len(_COLUMNS)))
    for number, cells in enumerate(read_csv(path, file)):
        if number == 0 and "image_id" in cells:
            require_columns(path, cells, _COLUMNS, _FORM)
            order = [cells.index(column) for column in _COLUMNS]
            continue
        row = next(row_numbers)
        require_cells(path, row, cells, _COLUMNS)
        yield row, [cells[index] for index in order]


def _place(path: Path, row: int, point: str, cell: str) -> tuple[float, float]:
    match = _CELL.fullmatch(cell)
    if match is None:
        refuse(path, row, point, cell, "is not x_y_v: two numbers, and -1, 0 or 1")
    x, y = map(float, match.groups())
    if max(abs(x), abs(y)) > MAX_COORDINATE:
        refuse(path, row, point, cell, "is more than a million pixels away")
    return x, y

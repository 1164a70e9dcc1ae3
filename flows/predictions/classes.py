"""Predicted categories of pictures: CSV or Parquet files in, rows of PREDICTED_CLASSES out.

A file has the columns image_id and one of LABELS, or image_id and a column of scores for each
category. A category is its number or its name, in cells as in the names of columns.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import types

from flows.predictions.csv_records import read_csv, refuse, require_cells, require_columns
from flows.predictions.digest import is_parquet, open_predictions, opened_parquet
from schemas.category_lists import Category
from schemas.errors import InputError, did_you_mean
from schemas.predictions import PREDICTED_CLASSES

LABELS = ("category", "category_id", "category_name")
"""The names that the column of the predicted category may have."""

_FORM = f"image_id and {', '.join(LABELS[:-1])} or {LABELS[-1]}, or image_id and all categories"
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_VALUES = re.compile(r"u?int\d+|halffloat|float|double|(?:large_)?string")

_Rows = Iterator[tuple[int, dict[str, Any]]]
"""The number and the values of each record: image_id, and category or a score for each number."""


def read_classes(
    paths: Sequence[Path], image_ids: Collection[int], categories: Sequence[Category]
) -> pa.Table:
    """The rows of PREDICTED_CLASSES of these files; `image_ids` are those of the split.

    With scores, the highest decides; of equal scores that of the category with the lowest number.
    Raises InputError for a file or a record that cannot be used, and for an image given twice.
    """
    numbers = {
        name: each.category_id for each in categories for name in (each.name, str(each.category_id))
    }
    rows: list[dict[str, Any]] = []
    first_rows: dict[int, int] = {}
    row_numbers = count(1)
    for path in paths:
        read = _parquet_records if is_parquet(path) else _csv_records
        for row, values in read(path, numbers, row_numbers):
            image_id = _image_id(path, row, values.pop("image_id"))
            if image_id not in image_ids:
                refuse(path, row, "image_id", image_id, "is not an image of the split")
            if (first := first_rows.setdefault(image_id, row)) != row:
                refuse(path, row, "image_id", image_id, f"has a prediction in row {first} too")
            category_id, tied = _category(path, row, values, numbers)
            rows.append(
                {"row": row, "image_id": image_id, "category_id": category_id, "tied": tied}
            )
    return pa.Table.from_pylist(rows, PREDICTED_CLASSES.schema)


def _csv_records(path: Path, numbers: Mapping[str, int], row_numbers: Iterator[int]) -> _Rows:
    with open_predictions(path) as file:
        records = read_csv(path, file)
        columns = _columns(path, next(records), numbers)
        for cells in records:
            row = next(row_numbers)
            require_cells(path, row, cells, columns)
            yield row, dict(zip(columns, cells, strict=True))


def _parquet_records(path: Path, numbers: Mapping[str, int], row_numbers: Iterator[int]) -> _Rows:
    with opened_parquet(path) as parquet:
        columns = _columns(path, parquet.schema_arrow.names, numbers)
        for field in parquet.schema_arrow:
            kind = field.type.value_type if types.is_dictionary(field.type) else field.type
            if not _VALUES.fullmatch(str(kind)):
                raise InputError(
                    f"{path}: column {field.name!r} is of type {kind}: expected numbers or text."
                )
        for batch in parquet.iter_batches():
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield next(row_numbers), dict(zip(columns, values, strict=True))


def _columns(path: Path, names: Sequence[str], numbers: Mapping[str, int]) -> list[str]:
    """The names of a header with `category` for each of LABELS, and numbers for categories."""
    columns = ["category" if name in LABELS else str(numbers.get(name, name)) for name in names]
    categories = map(str, sorted({*numbers.values()}))
    expected = ["category"] if "category" in columns else categories
    require_columns(path, columns, ["image_id", *expected], _FORM)
    return columns


def _image_id(path: Path, row: int, value: object) -> int:
    if not _INTEGER.fullmatch(str(value)):
        refuse(path, row, "image_id", value, "is not the number of an image")
    return int(str(value))


def _category(
    path: Path, row: int, values: Mapping[str, object], numbers: Mapping[str, int]
) -> tuple[int, bool]:
    """The predicted category, and whether another one has the same score."""
    if "category" in values:
        name = str(values["category"])
        if name not in numbers:
            names = [name for name in numbers if not name.isdecimal()]
            hint = did_you_mean(name, names, f"give one of {', '.join(names)} or its number")
            refuse(path, row, "category", values["category"], f"is not a category: {hint}")
        return numbers[name], False
    scores = {int(column): _score(path, row, column, value) for column, value in values.items()}
    highest = max(scores.values())
    best = sorted(number for number, score in scores.items() if score == highest)
    return best[0], len(best) > 1


def _score(path: Path, row: int, column: str, value: object) -> float:
    if _NUMBER.fullmatch(str(value)) and isfinite(score := float(str(value))):
        return score
    refuse(path, row, column, value, "is not a finite number")

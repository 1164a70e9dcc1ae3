"""Records of CSV files of predictions: an open file in, lists of cells out."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

from schemas.errors import InputError

_EXCERPT = 60


def read_csv(path: Path, file: BinaryIO) -> Iterator[list[str]]:
    """The records of a CSV file, the header too; empty lines are not records.

    Raises InputError when the file is empty, is not UTF-8 text or breaks the rules of quotes.
    """
    # utf-8-sig: a byte order mark is not part of the first cell.
    records = csv.reader((line.decode("utf-8-sig") for line in file), strict=True)
    empty = True
    try:
        for cells in records:
            if cells:
                empty = False
                yield cells
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: give a CSV file, not compressed.") from None
    except csv.Error as error:
        raise InputError(f"{path}: line {records.line_num}: not CSV: {error}.") from None
    if empty:
        raise InputError(f"{path} is empty: expected a record for each image.")


def require_columns(path: Path, names: Sequence[str], columns: Sequence[str], form: str) -> None:
    """Raise InputError unless `names`, the header of a file, are all of `columns`, once each.

    `form` describes the columns for people.
    """
    for number, name in enumerate(names):
        if name not in columns:
            raise InputError(f"{path}: unknown column {name[:_EXCERPT]!r}: expected {form}.")
        if name in names[:number]:
            raise InputError(f"{path}: two columns for {name!r}: expected {form}.")
    if absent := [column for column in columns if column not in names]:
        raise InputError(f"{path}: no column {absent[0]!r}: expected {form}.")


def require_cells(path: Path, row: int, cells: Sequence[str], columns: Sequence[str]) -> None:
    """Raise InputError unless a record has a cell for each column."""
    if len(cells) != len(columns):
        raise InputError(f"{path}: row {row}: {len(cells)} cells instead of {len(columns)}.")


def refuse(path: Path, row: int, field: str, value: object, reason: str) -> NoReturn:
    """Raise InputError for a value of a record: `p.csv: row 3: image_id: 7 is not ...`."""
    text = repr(value[:_EXCERPT] if isinstance(value, str) else value)
    raise InputError(f"{path}: row {row}: {field}: {text} {reason}.")

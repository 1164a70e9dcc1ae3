"""COCO results in Parquet: a row per record, a column per field."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from flows.predictions.coco_records import Record
from flows.predictions.digest import opened_parquet
from flows.predictions.parquet_columns import cast_column, is_number, is_number_list
from schemas.errors import InputError

BATCH = 1024
"""Rows at a time: 7 MB of landmarks."""

_INTEGERS = (types.is_integer, "an integer", pa.int64())
_NUMBERS = (is_number, "a number", pa.float64())
_LISTS = (is_number_list, "a list of numbers", pa.list_(pa.float64()))
_COLUMNS: dict[str, tuple[Callable[[pa.DataType], bool], str, pa.DataType]] = {
    "image_id": _INTEGERS,
    "category_id": _INTEGERS,
    "score": _NUMBERS,
    "bbox": _LISTS,
    "keypoints": _LISTS,
}
"""Which types a column may have, in words, and the type that it gets."""


def read_parquet(
    path: Path, first_row: int, record_type: type[Record], geometry: str
) -> Iterator[pa.RecordBatch]:
    """Batches of image_id, category_id, score and the geometry, without nulls.

    Numbers become int64 and float64, a segmentation stays as it is. Raises InputError for a null
    and for a column that is missing, unknown or of another type.
    """
    names = ["image_id", "category_id", "score", geometry]
    row = first_row
    with opened_parquet(path) as file:
        _require_columns(path, file.schema_arrow, names, record_type)
        for batch in file.iter_batches(BATCH, columns=names):
            columns = [_column(f"{path}: row", row, name, batch[name]) for name in names]
            yield pa.RecordBatch.from_arrays(columns, names=names)
            row += len(batch)


def _require_columns(
    path: Path, schema: pa.Schema, names: list[str], record_type: type[Record]
) -> None:
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise InputError(f"{path}: $.{name}: occurs twice.")
        if name not in record_type.__struct_fields__:
            raise InputError(f"{path}: $.{name}: is an unknown field.")
    for name in names:
        if name not in schema.names:
            raise InputError(f"{path}: $.{name}: is missing.")
        own = schema.field(name).type
        if name in _COLUMNS and not _COLUMNS[name][0](own):
            raise InputError(f"{path}: $.{name}: is {own}, not {_COLUMNS[name][1]}.")


def _column(where: str, row: int, name: str, column: pa.Array) -> pa.Array:
    if column.null_count:
        place = pc.index(column.is_null(), True).as_py()
        raise InputError(f"{where} {row + place}: $.{name}: is null.")
    if name not in _COLUMNS:
        return column
    column = cast_column(where, row, name, column, _COLUMNS[name][2])
    if types.is_list(column.type) and (values := column.flatten()).null_count:
        value = pc.index(values.is_null(), True).as_py()
        place = pc.list_parent_indices(column)[value].as_py()
        raise InputError(f"{where} {row + place}: $.{name}: has a null.")
    return column

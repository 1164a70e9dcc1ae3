"""COCO results in Parquet: a row per record, a column per field."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from flows.predictions.coco_records import Record
from flows.predictions.digest import opened_parquet
from schemas.errors import InputError

BATCH = 1024
"""Rows at a time: 7 MB of landmarks."""


def _is_number(type_: pa.DataType) -> bool:
    return types.is_integer(type_) or types.is_floating(type_)


def _is_list(type_: pa.DataType) -> bool:
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_list(type_) for is_list in lists) and _is_number(type_.value_type)


_INTEGERS = (types.is_integer, "an integer", pa.int64())
_NUMBERS = (_is_number, "a number", pa.float64())
_LISTS = (_is_list, "a list of numbers", pa.list_(pa.float64()))
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
    column = _cast(where, row, name, column)
    if types.is_list(column.type) and (values := column.flatten()).null_count:
        value = pc.index(values.is_null(), True).as_py()
        place = pc.list_parent_indices(column)[value].as_py()
        raise InputError(f"{where} {row + place}: $.{name}: has a null.")
    return column


def _cast(where: str, row: int, name: str, column: pa.Array) -> pa.Array:
    """The column in its own type. Raises InputError for the first value that this cannot hold."""
    own = _COLUMNS[name][2]
    try:
        return column.cast(own)
    except pa.ArrowInvalid:
        for place, value in enumerate(column, start=row):
            try:
                value.cast(own)
            except pa.ArrowInvalid as error:
                reason = str(error).partition("\n")[0].rstrip(".")
                raise InputError(f"{where} {place}: $.{name}: {reason}.") from error
        raise

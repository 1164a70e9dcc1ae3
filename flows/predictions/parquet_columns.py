"""Columns of Parquet files of predictions: their types, and values of the types that are read."""

import pyarrow as pa
from pyarrow import types

from schemas.errors import InputError


def is_number(type_: pa.DataType) -> bool:
    """Whether its values are integers or floats."""
    return types.is_integer(type_) or types.is_floating(type_)


def is_number_list(type_: pa.DataType) -> bool:
    """Whether its values are lists of integers or floats, of a fixed size or not."""
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_list(type_) for is_list in lists) and is_number(type_.value_type)


def cast_column(where: str, row: int, name: str, column: pa.Array, type_: pa.DataType) -> pa.Array:
    """A column that begins with `row` in another type; `where` is the start of a sentence.

    Raises InputError for the first value that the type cannot hold.
    """
    try:
        return column.cast(type_)
    except pa.ArrowInvalid:
        for place, value in enumerate(column, start=row):
            try:
                value.cast(type_)
            except pa.ArrowInvalid as error:
                reason = str(error).partition("\n")[0].rstrip(".")
                raise InputError(f"{where} {place}: $.{name}: {reason}.") from error
        raise

"""Files of keys: CSV or Parquet as `wardrobe browse` and `wardrobe sql` write them -> Arrow."""

import hashlib
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from flows.exports.selection import KeyList
from flows.predictions.csv_records import read_csv, refuse, require_cells, require_columns
from schemas import TABLES
from schemas.datasets import DATASETS, SPLITS
from schemas.errors import InputError
from schemas.table import IMAGE_KEY, ITEM_KEY

_FORM = f"{', '.join(IMAGE_KEY)}, and item_no in a list of items"
_WORDS = {"dataset": tuple(DATASETS), "split": SPLITS}


def read_keys(path: Path) -> pa.Table:
    """The different keys of a file in order: the columns of IMAGE_KEY, or of ITEM_KEY.

    Their types are those of the declared tables. Raises InputError for a file that is not such a
    list: it names the row, from 1 after the header, and the field.
    """
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        columns = _parquet_columns(path) if is_parquet else _csv_columns(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    for name, column in columns.items():
        _require_values(path, name, column)
    schema = pa.schema([TABLES["items"].schema.field(name) for name in ITEM_KEY[: len(columns)]])
    rows = pa.table({name: columns[name] for name in schema.names}).cast(schema.remove_metadata())
    order = [(name, "ascending") for name in rows.column_names]
    return rows.group_by(rows.column_names, use_threads=False).aggregate([]).sort_by(order)


def key_list(keys: pa.Table) -> KeyList:
    """The description of keys that `read_keys` has read."""
    return KeyList(keys.num_rows, keys_hash(keys))


def keys_hash(keys: pa.Table) -> str:
    """sha256 of keys in their order, which does not depend on the format of a file."""
    digest = hashlib.sha256(",".join(keys.column_names).encode())
    for batch in keys.to_batches(max_chunksize=65_536):
        rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
        digest.update("".join("\n" + ",".join(map(str, row)) for row in rows).encode())
    return digest.hexdigest()


def _require_names(path: Path, names: list[str]) -> None:
    require_columns(path, names, ITEM_KEY if "item_no" in names else IMAGE_KEY, _FORM)


def _csv_columns(path: Path) -> dict[str, pa.Array]:
    with path.open("rb") as file:
        records = read_csv(path, file)
        names = next(records)
        _require_names(path, names)
        values: list[list[str]] = [[] for _ in names]
        for row, cells in enumerate(records, start=1):
            require_cells(path, row, cells, names)
            for name, column, cell in zip(names, values, cells, strict=True):
                if name not in _WORDS and not re.fullmatch("[0-9]{1,18}", cell):
                    refuse(path, row, name, cell, "is not a whole number from 0 on")
                column.append(cell)
    columns = {}
    for name, column in zip(names, values, strict=True):
        texts = pa.array(column, pa.string())
        columns[name] = texts if name in _WORDS else texts.cast(pa.int64())
    return columns


def _parquet_columns(path: Path) -> dict[str, pa.Array]:
    try:
        with pq.ParquetFile(path) as file:
            _require_names(path, file.schema_arrow.names)
            rows = file.read()
    except pa.ArrowException as error:
        raise InputError(f"{path} is not a whole Parquet file: {error}".splitlines()[0]) from None
    columns = {}
    for name in rows.column_names:
        column = rows[name]
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        is_text = types.is_string(column.type) or types.is_large_string(column.type)
        if not (is_text if name in _WORDS else types.is_integer(column.type)):
            kind = "text" if name in _WORDS else "whole numbers"
            raise InputError(f"{path}: {name} is of type {column.type}: expected {kind}.")
        columns[name] = column.combine_chunks()
    return columns


def _require_values(path: Path, name: str, column: pa.Array) -> None:
    """Raise InputError for the first null and the first value that no key can have."""
    if name in _WORDS:
        valid = pc.is_in(column, value_set=pa.array(_WORDS[name], column.type))
        reason = f"is not one of {', '.join(_WORDS[name])}"
    else:
        unsigned = column.type == pa.uint64()
        most = 2 ** (TABLES["items"].schema.field(name).type.bit_width - 1) - 1
        # A signed and an unsigned column of 64 bits have no common type.
        valid = pc.less_equal(column, pa.scalar(most, pa.uint64() if unsigned else pa.int64()))
        valid = valid if unsigned else pc.and_(valid, pc.greater_equal(column, 0))
        reason = f"is not a whole number from 0 to {most}"
    row = pc.index(pc.fill_null(valid, False), False).as_py()
    if row >= 0:
        refuse(path, row + 1, name, column[row].as_py(), reason)

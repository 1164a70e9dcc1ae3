"""Embeddings of items as vectors: Parquet files with a row per item, in any order."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from flows.predictions.digest import opened_parquet
from flows.predictions.parquet_columns import cast_column, is_number_list
from schemas.annotation import MAX_COORDINATE
from schemas.errors import InputError
from schemas.predictions import EMBEDDED_ITEMS

BATCH = 1024
"""Rows at a time."""

REQUIRED = ("image_id", "item_no", "embedding")

TYPES = {"image_id": pa.int64(), "item_no": pa.int64(), "box": pa.list_(pa.float64())}
"""The types that columns are cast to, without that of vectors."""


class Embeddings(NamedTuple):
    """Rows of EMBEDDED_ITEMS, the vector of each as a row of float32, and whether it has a box."""

    items: pa.Table
    vectors: np.ndarray
    has_boxes: bool


def read_embeddings(path: Path, source: str, *, zeros: bool) -> Embeddings:
    """The columns `image_id`, `item_no`, `embedding` and, if there is one, `box` of a file.

    `source` is the side that it is for: `user` for queries, `shop` for the gallery.
    An embedding is a list of numbers, as many in each row, read in single precision; a box is
    x1, y1, x2, y2. Other columns are ignored. Without `zeros`, no vector may be zero. Raises
    InputError for anything else, and for an item that occurs twice.
    """
    with opened_parquet(path) as file:
        schema = file.schema_arrow
        _require_columns(path, schema)
        names = [*REQUIRED, *(["box"] if "box" in schema.names else [])]
        vectors, items, row = np.empty((0, 0), np.float32), [], 1
        for batch in file.iter_batches(BATCH, columns=names):
            for name in names:
                _refuse(path, row, name, batch[name].is_null(), "is null")
            arrays = [
                cast_column(f"{path}: row", row, name, batch[name], TYPES.get(name, own))
                for name, own in zip(names, batch.schema.types, strict=True)
            ]
            batch = pa.RecordBatch.from_arrays(arrays, names)
            block = _numbers(path, row, batch, "embedding", vectors.shape[1])
            if row == 1:
                vectors = np.empty((file.metadata.num_rows, block.shape[1]), np.float32)
            _require_vectors(path, row, block, zeros)
            vectors[row - 1 : row - 1 + len(block)] = block
            items.append(_items(path, row, batch, source))
            row += len(batch)
    if not items:
        raise InputError(f"{path}: has no rows.")
    table = pa.concat_tables(items)
    _require_unique(path, table)
    return Embeddings(table, vectors[: len(table)], "box" in names)


def _require_columns(path: Path, schema: pa.Schema) -> None:
    for name in REQUIRED:
        if name not in schema.names:
            raise InputError(f"{path}: $.{name}: is missing.")
    for name in (*REQUIRED, "box"):
        if schema.names.count(name) > 1:
            raise InputError(f"{path}: $.{name}: occurs twice.")
        if name not in schema.names:
            continue
        own = schema.field(name).type
        if name in ("image_id", "item_no"):
            fits, expected = types.is_integer(own), "an integer"
        else:
            is_float = name == "box" or types.is_floating(getattr(own, "value_type", own))
            fits, expected = is_number_list(own) and is_float, "a list of floats"
        if not fits:
            raise InputError(f"{path}: $.{name}: is {own}, not {expected}.")


def _refuse(path: Path, row: int, name: str, bad: pa.Array | np.ndarray, problem: str) -> None:
    """Raise InputError for the first bad row of a batch that begins with `row`."""
    places = np.flatnonzero(np.asarray(bad))
    if len(places):
        raise InputError(f"{path}: row {row + int(places[0])}: $.{name}: {problem}.")


def _numbers(path: Path, row: int, batch: pa.RecordBatch, name: str, size: int) -> np.ndarray:
    """A column of lists as rows of `size` numbers; if 0, of as many as the first list has."""
    column = batch[name]
    lengths = np.asarray(pc.list_value_length(column))
    size = size or int(lengths[0])
    _refuse(path, row, name, lengths != size, f"does not have {size} numbers")
    if size == 0:
        raise InputError(f"{path}: row {row}: $.{name}: is empty.")
    values = column.flatten()
    nulls = np.asarray(values.is_null()).reshape(-1, size)
    _refuse(path, row, name, nulls.any(axis=1), "has a null")
    return values.to_numpy().reshape(-1, size)


def _require_vectors(path: Path, row: int, block: np.ndarray, zeros: bool) -> None:
    with np.errstate(over="ignore"):
        finite = np.isfinite(block.astype(np.float32)).all(axis=1)
    _refuse(path, row, "embedding", ~finite, "has a number that is not finite in single precision")
    if not zeros:
        zero = ~block.astype(np.float32).any(axis=1)
        _refuse(path, row, "embedding", zero, "is a zero vector, which has no cosine")


def _items(path: Path, row: int, batch: pa.RecordBatch, source: str) -> pa.Table:
    item_no = batch["item_no"]
    beyond = pc.or_(pc.less(item_no, 1), pc.greater(item_no, 2**15 - 1))
    _refuse(path, row, "item_no", beyond, "is not the number of an item, 1 to 32,767")
    if "box" in batch.schema.names:
        boxes = _numbers(path, row, batch, "box", 4)
        fits = (np.abs(boxes) <= MAX_COORDINATE).all(axis=1)
        _refuse(path, row, "box", ~fits, f"has a number beyond {MAX_COORDINATE:,.0f} pixels")
        upright = (boxes[:, 0] <= boxes[:, 2]) & (boxes[:, 1] <= boxes[:, 3])
        _refuse(path, row, "box", ~upright, "is not x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
        edges = list(boxes.T)
    else:
        edges = [pa.nulls(len(batch), pa.float64())] * 4
    rows = np.arange(row, row + len(batch))
    columns = [[source] * len(batch), rows, batch["image_id"], item_no, *edges]
    schema = EMBEDDED_ITEMS.schema
    return pa.table(dict(zip(schema.names, columns, strict=True))).cast(schema)


def _require_unique(path: Path, items: pa.Table) -> None:
    groups = items.group_by(["image_id", "item_no"]).aggregate([("row", "min"), ("row", "max")])
    twice = groups.filter(pc.not_equal(groups["row_min"], groups["row_max"]))
    if len(twice):
        first = twice.sort_by("row_max").slice(0, 1).to_pylist()[0]
        raise InputError(
            f"{path}: row {first['row_max']}: $.item_no: item {first['item_no']} of image "
            f"{first['image_id']} is in row {first['row_min']} already."
        )

"""Plain columns -> the nested batch, for sources with at most one item per image."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flows.decode.nested_lists import lists_of
from schemas.annotation import ANNOTATION, ITEM


def nested_batch(
    images: Mapping[str, object], has_item: NDArray[np.bool_], items: Mapping[str, object]
) -> pa.RecordBatch:
    """One row per image; the k-th item belongs to the k-th image for which `has_item` is true.

    `images` and `items` are columns by their names in schemas.annotation; those left out are null,
    a single value stands for every row. Landmarks and polygons are empty unless given.
    """
    count, item_count = len(has_item), int(has_item.sum())
    empty: dict[str, object] = {name: no_lists(item_count) for name in ("landmarks", "polygons")}
    numbered: dict[str, object] = {"item_no": 1, "document_order": 1}
    structs = pa.StructArray.from_arrays(
        _columns(pa.schema(list(ITEM)), {**empty, **numbered, **items}, item_count),
        fields=list(ITEM),
    )
    nested = lists_of(has_item.astype(np.int32), structs, ANNOTATION.field("items").type)
    return pa.RecordBatch.from_arrays(
        _columns(ANNOTATION, {**images, "items": nested}, count), schema=ANNOTATION
    )


def no_lists(count: int) -> list[list[float]]:
    """So many empty lists."""
    return [[] for _ in range(count)]


def _columns(schema: pa.Schema, given: Mapping[str, object], count: int) -> list[pa.Array]:
    return [_column(given.get(field.name), field.type, count) for field in schema]


def _column(value: object, type_: pa.DataType, count: int) -> pa.Array:
    if value is None:
        return pa.nulls(count, type_)
    if isinstance(value, str | bool | int):
        return pa.repeat(pa.scalar(value, type_), count)
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, pa.Array):
        return value if value.type.equals(type_) else value.cast(type_)
    return pa.array(value, type_)

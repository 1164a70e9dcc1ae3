"""Arrow results of a decoder: nested lists, the batch of single-item images, rejections."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from schemas.annotation import ANNOTATION, ITEM, LANDMARK
from schemas.rejections import MAX_EXCERPT, MAX_MESSAGE, REJECTIONS


class Reason(NamedTuple):
    """Why a document or an item is rejected: a rule of schemas.rejections, a sentence, the text."""

    rule: str
    message: str
    excerpt: str = ""


class Rejections:
    """The rejections of one part, in the order in which they are added."""

    def __init__(self, dataset: str, split: str) -> None:
        self._key = {"dataset": dataset, "split": split}
        self._rows: list[dict[str, object]] = []

    def add(
        self, file_name: str, reason: Reason, *, image_id: int | None, item_no: int | None = None
    ) -> None:
        """Add a rejected document, or a rejected item when `item_no` is given."""
        self._rows.append(
            {
                **self._key,
                "file_name": file_name,
                "image_id": image_id,
                "item_no": item_no,
                "rule": reason.rule,
                "message": reason.message[:MAX_MESSAGE],
                "excerpt": reason.excerpt[:MAX_EXCERPT],
            }
        )

    def finish(self) -> pa.RecordBatch:
        """All rejections as rows of schemas.rejections.REJECTIONS."""
        return pa.RecordBatch.from_pylist(self._rows, schema=REJECTIONS.schema)


def lists_of(counts: ArrayLike, values: pa.Array, type_: pa.ListType) -> pa.ListArray:
    """Consecutive values as lists; `counts` holds the length of each list."""
    sizes = np.asarray(counts, np.int32)
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=type_)


def landmark_lists(
    points: NDArray[Any], counts: ArrayLike, words: Mapping[int, str], absent: tuple[int, int, int]
) -> pa.ListArray:
    """Landmarks of consecutive items as lists; `counts` holds the number of each item.

    `points` has a row x, y, visibility code for each landmark. `words` are those of the codes,
    which follow each other. A row equal to `absent` has no coordinates.
    """
    nowhere = (points == absent).all(axis=1)
    x, y = (pa.array(points[:, axis].astype(np.float64), mask=nowhere) for axis in (0, 1))
    codes = points[:, 2].astype(np.int8) - min(words)
    visibility = pa.array([words[code] for code in sorted(words)]).take(pa.array(codes))
    structs = pa.StructArray.from_arrays([x, y, visibility], fields=list(LANDMARK))
    return lists_of(counts, structs, ITEM.field("landmarks").type)


def single_item_batch(
    images: Mapping[str, object], has_item: NDArray[np.bool_], items: Mapping[str, object]
) -> pa.RecordBatch:
    """The nested batch of a source with at most one item per image.

    The k-th item belongs to the k-th image for which `has_item` is true. `images` and `items` are
    columns by their names in schemas.annotation, as for `record_batch`; landmarks and polygons that
    are not given are empty.
    """
    count = int(has_item.sum())
    defaults: dict[str, object] = {
        "item_no": 1,
        "document_order": 1,
        "landmarks": [[] for _ in range(count)],
        "polygons": [[] for _ in range(count)],
    }
    structs = record_batch(pa.schema(list(ITEM)), {**defaults, **items}, count).to_struct_array()
    nested = lists_of(has_item.astype(np.int32), structs, ANNOTATION.field("items").type)
    return record_batch(ANNOTATION, {**images, "items": nested}, len(has_item))


def record_batch(schema: pa.Schema, columns: Mapping[str, object], count: int) -> pa.RecordBatch:
    """Columns by name as one batch; a missing column is null, a single value is repeated."""
    arrays = [_column(columns.get(field.name), field.type, count) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(value: object, type_: pa.DataType, count: int) -> pa.Array:
    if value is None:
        return pa.nulls(count, type_)
    if isinstance(value, str | bool | int):
        return pa.repeat(pa.scalar(value, type_), count)
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, pa.Array):
        return value.cast(type_)
    return pa.array(value, type_)

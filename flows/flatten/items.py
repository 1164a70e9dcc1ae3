"""Nested annotations -> items as columns, rows of the items table, and numbers within an item."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.items import ITEMS
from schemas.vocabulary import OCCLUDED, VISIBLE

ITEM_KEY = ("dataset", "split", "image_id", "item_no")


def item_columns(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per item, in the order of the batch: the image's key and the item's fields.

    `landmarks` and `polygons` are still lists; `landmark_rows` and `polygon_rows` unnest them.
    """
    items = annotations["items"]
    owner = pc.list_parent_indices(items)
    # flatten() of a struct honours the slice and puts the parent's nulls into the fields.
    values = items.flatten()
    fields = dict(zip((field.name for field in values.type), values.flatten(), strict=True))
    keys = {name: annotations[name].take(owner) for name in ITEM_KEY[:3]}
    return pa.RecordBatch.from_pydict(keys | fields)


def item_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of the items table: landmarks and polygons are counted, their lists left out."""
    columns = {
        "landmarks_visible": _count(items["landmarks"], VISIBLE),
        "landmarks_occluded": _count(items["landmarks"], OCCLUDED),
        "polygon_count": pc.list_value_length(items["polygons"]).cast(pa.int16()),
    }
    return pa.RecordBatch.from_arrays(
        [columns[name] if name in columns else items[name] for name in ITEMS.schema.names],
        schema=ITEMS.schema,
    )


def numbers_within(lists: pa.ListArray) -> np.ndarray:
    """1, 2, 3, ... for the values of each list, one list after another."""
    ends = offsets_of(lists)
    return np.arange(1, ends[-1] + 1) - np.repeat(ends[:-1], np.diff(ends))


def offsets_of(lists: pa.ListArray) -> np.ndarray:
    """Offsets into `lists.flatten()`: a sliced list keeps its parent's, which start elsewhere."""
    return lists.offsets.to_numpy() - lists.offsets[0].as_py()


def _count(landmarks: pa.ListArray, word: str) -> pa.Array:
    """How many landmarks of each item have that visibility."""
    matches = pc.equal(landmarks.flatten().field("visibility"), word)
    matches_before = np.zeros(len(matches) + 1, np.int64)
    np.cumsum(matches.to_numpy(zero_copy_only=False), out=matches_before[1:])
    return pa.array(np.diff(matches_before[offsets_of(landmarks)]).astype(np.int16))

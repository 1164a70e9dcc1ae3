"""Nested annotations -> items as columns, and rows of the items table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.items import ITEMS
from schemas.vocabulary import OCCLUDED, VISIBLE

_KEY = ("dataset", "split", "image_id")


def item_columns(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per item, in the order of the batch: the image's key beside the item's own fields.

    `landmarks` and `polygons` are still lists: the other flattenings unnest them.
    """
    items = annotations["items"]
    owner = pc.list_parent_indices(items)
    # flatten() of a struct honours the slice and puts the parent's nulls into the fields.
    values = items.flatten()
    fields = {
        field.name: column for field, column in zip(values.type, values.flatten(), strict=True)
    }
    keys = {name: annotations[name].take(owner) for name in _KEY}
    return pa.RecordBatch.from_pydict(keys | fields)


def item_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Count what hangs on each item and leave the lists to their own tables."""
    columns = {
        "landmarks_visible": _count(items["landmarks"], VISIBLE),
        "landmarks_occluded": _count(items["landmarks"], OCCLUDED),
        "polygon_count": pc.list_value_length(items["polygons"]).cast(pa.int16()),
    }
    return pa.RecordBatch.from_arrays(
        [
            columns[field.name] if field.name in columns else items[field.name]
            for field in ITEMS.schema
        ],
        schema=ITEMS.schema,
    )


def _count(landmarks: pa.ListArray, word: str) -> pa.Array:
    """How many landmarks of each item carry that word."""
    matches = pc.equal(landmarks.flatten().field("visibility"), word)
    seen = np.zeros(len(matches) + 1, np.int64)
    np.cumsum(matches.to_numpy(zero_copy_only=False), out=seen[1:])
    # A sliced list keeps the offsets of its parent, so count from offsets[0].
    offsets = landmarks.offsets.to_numpy() - landmarks.offsets[0].as_py()
    return pa.array(np.diff(seen[offsets]).astype(np.int16))

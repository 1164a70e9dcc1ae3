"""Nested annotations -> rows of the landmarks table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.flatten.items import ITEM_KEY, numbers_within
from schemas.categories import CATEGORIES
from schemas.landmarks import LANDMARKS


def landmark_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Unnest the landmarks of each item: n items -> one row per landmark.

    `items` holds one row per item; its column `landmarks` is a list of (x, y, visibility), pixels
    and shared words, in the category's order. Nothing is dropped: an unlabelled landmark is a row
    too, which keeps `landmark_no` equal to its place in that order.
    """
    landmarks = items["landmarks"]
    owner = pc.list_parent_indices(landmarks)
    number = numbers_within(landmarks)
    point = landmarks.flatten()
    return pa.RecordBatch.from_arrays(
        [
            *(items[name].take(owner) for name in ITEM_KEY),
            pa.array(number.astype(np.int16)),
            _names(items, owner, number),
            *(point.field(name) for name in ("x", "y", "visibility")),
        ],
        schema=LANDMARKS.schema,
    )


def _names(items: pa.RecordBatch, owner: pa.Array, number: np.ndarray) -> pa.Array:
    """The source's names of landmarks; null where it names none."""
    names = pa.nulls(len(owner), pa.string())
    for dataset in pc.unique(items["dataset"]).to_pylist():
        for category in CATEGORIES[dataset]:
            if not category.landmark_names:
                continue
            has_category = pc.and_(
                pc.equal(items["dataset"], dataset),
                pc.equal(items["category_id"], category.category_id),
            )
            index = pa.array(np.minimum(number, category.landmarks) - 1)
            named = pa.array(category.landmark_names).take(index)
            names = pc.if_else(has_category.take(owner), named, names)
    return names

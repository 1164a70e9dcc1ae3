"""Nested annotations -> rows of the landmarks table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.categories import CATEGORIES
from schemas.landmarks import LANDMARKS

_KEY = ("dataset", "split", "image_id", "item_no")


def landmark_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Unnest the landmarks of each item: n items -> one row per landmark.

    `items` holds one row per item; its column `landmarks` is a list of (x, y, visibility), pixels
    and shared words, in the category's order. Nothing is dropped: an unlabelled landmark is a row
    that says so, which keeps `landmark_no` equal to the place in that order.
    """
    landmarks = items["landmarks"]
    owner = pc.list_parent_indices(landmarks)
    number = numbers_within(landmarks)
    point = landmarks.flatten()
    return pa.RecordBatch.from_arrays(
        [
            *(items[name].take(owner) for name in _KEY),
            pa.array(number.astype(np.int16)),
            _names(items, owner, number),
            point.field("x"),
            point.field("y"),
            point.field("visibility"),
        ],
        schema=LANDMARKS.schema,
    )


def numbers_within(lists: pa.ListArray) -> np.ndarray:
    """1, 2, 3, ... for the values of each list, all lists after one another."""
    # A sliced list keeps the offsets of its parent, so count from offsets[0].
    offsets = lists.offsets.to_numpy()
    starts = offsets[:-1] - offsets[0]
    counts = np.diff(offsets)
    return np.arange(1, offsets[-1] - offsets[0] + 1) - np.repeat(starts, counts)


def _names(items: pa.RecordBatch, owner: pa.Array, number: np.ndarray) -> pa.Array:
    """The source's names of landmarks; null where it names none."""
    names = pa.nulls(len(owner), pa.string())
    for dataset in pc.unique(items["dataset"]).to_pylist():
        for category in CATEGORIES[dataset]:
            if not category.landmark_names:
                continue
            theirs = pc.and_(
                pc.equal(items["dataset"], dataset),
                pc.equal(items["category_id"], category.category_id),
            )
            named = pa.array(category.landmark_names).take(
                pa.array(np.minimum(number, category.landmarks) - 1)
            )
            names = pc.if_else(theirs.take(owner), named, names)
    return names

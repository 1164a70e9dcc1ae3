"""The rules an item must keep, one function each, named as the reason it gives.

A rule takes the items of a batch as columns and answers with a mask, true where an item breaks it,
and with the field to blame. It looks at whole columns; which value of a refused item is wrong is
found afterwards, in sift. What the source merely labels oddly (a category's name, a box that does
not fit its outline) is no rule here: the checks in sql/ warn about it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.categories import CATEGORIES
from schemas.datasets import DATASETS
from schemas.items import ITEMS
from schemas.vocabulary import UNLABELLED

MOST = 1e6
"""Coordinates beyond this are no pixels: pictures have at most 65,535 a side."""

_BOX = ("x1", "y1", "x2", "y2")


class Items(NamedTuple):
    """All items of a batch: the dataset of each, and its fields by name."""

    dataset: pa.Array
    fields: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(self.dataset)


Rule = Callable[[Items], np.ndarray]


def wrong_type(items: Items) -> np.ndarray:
    """Null where the tables allow none: Arrow would take it, the Parquet writer refuse the batch.

    A box is whole or absent; a point lacks coordinates only when unlabelled, and both of them.
    """
    required = [
        field.name for field in ITEMS.schema if field.name in items.fields and not field.nullable
    ]
    broken = np.zeros(len(items), bool)
    for name in (*required, "landmarks", "polygons"):
        broken |= _true(items.fields[name].is_null())
    edges = sum(_true(items.fields[name].is_valid()).astype(int) for name in _BOX)
    broken |= (edges != 0) & (edges != 4)

    landmarks = items.fields["landmarks"]
    x, y, word = (landmarks.flatten().field(name) for name in ("x", "y", "visibility"))
    no_x, no_y = _true(x.is_null()), _true(y.is_null())
    bad = _true(word.is_null()) | (no_x != no_y)
    bad |= no_x & ~_true(pc.equal(word, UNLABELLED))
    broken |= _any(bad, landmarks)

    polygons = items.fields["polygons"]
    points = polygons.flatten()
    hollow = _true(points.is_null()) | _any(_true(points.flatten().is_null()), points)
    return broken | _any(hollow, polygons)


def unknown_category(items: Items) -> np.ndarray:
    """A category that its dataset does not define."""
    known = np.zeros(len(items), bool)
    for dataset, categories in CATEGORIES.items():
        ids = pa.array([category.category_id for category in categories], pa.int16())
        theirs = _true(pc.equal(items.dataset, dataset))
        known |= theirs & _true(pc.is_in(items.fields["category_id"], value_set=ids))
    return ~known


def landmark_count(items: Items) -> np.ndarray:
    """Another number of landmarks than the category defines.

    None at all is allowed where the source keeps landmarks back (FashionAI's test sets).
    """
    found = _true_lengths(items.fields["landmarks"])
    expected = expected_landmarks(items)
    withheld = [dataset.name for dataset in DATASETS.values() if dataset.landmarks_withheld]
    may_have_none = _true(pc.is_in(items.dataset, value_set=pa.array(withheld, pa.string())))
    return (found != expected) & ~(may_have_none & (found == 0))


def expected_landmarks(items: Items) -> np.ndarray:
    """The landmarks each item's category defines; -1 for an unknown category."""
    expected = np.full(len(items), -1)
    numbers = pc.fill_null(items.fields["category_id"], -1).to_numpy(zero_copy_only=False)
    for dataset, categories in CATEGORIES.items():
        counts = {category.category_id: category.landmarks for category in categories}
        table = np.full(2**8, -1)
        table[list(counts)] = list(counts.values())
        theirs = _true(pc.equal(items.dataset, dataset)) & (numbers >= 0) & (numbers < len(table))
        expected[theirs] = table[numbers[theirs]]
    return expected


def odd_polygon(items: Items) -> np.ndarray:
    """A polygon with an odd number of coordinates, or with fewer than three points."""
    polygons = items.fields["polygons"]
    numbers = _true_lengths(polygons.flatten())
    return _any((numbers % 2 == 1) | (numbers < 6), polygons)


def non_finite(items: Items) -> np.ndarray:
    """A coordinate that is no finite number, or one beyond a million pixels."""
    broken = np.zeros(len(items), bool)
    for name in _BOX:
        broken |= senseless(items.fields[name])
    landmarks, polygons = items.fields["landmarks"], items.fields["polygons"]
    point = landmarks.flatten()
    broken |= _any(senseless(point.field("x")) | senseless(point.field("y")), landmarks)
    points = polygons.flatten()
    return broken | _any(_any(senseless(points.flatten()), points), polygons)


def inverted_box(items: Items) -> np.ndarray:
    """A right or bottom edge before the left or top one; a box without width is only odd."""
    x1, y1, x2, y2 = (items.fields[name] for name in _BOX)
    return _true(pc.or_kleene(pc.less(x2, x1), pc.less(y2, y1)))


RULES: tuple[Rule, ...] = (
    wrong_type,
    unknown_category,
    landmark_count,
    odd_polygon,
    non_finite,
    inverted_box,
)
"""In the order in which an item's reason is looked for: the first one broken is the one given."""


def senseless(values: pa.Array) -> np.ndarray:
    """True for NaN, infinities and numbers beyond MOST; null is no number and so not senseless."""
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return ~(np.abs(numbers) <= MOST)


def _true(mask: pa.BooleanArray) -> np.ndarray:
    return pc.fill_null(mask, False).to_numpy(zero_copy_only=False)


def _true_lengths(lists: pa.ListArray) -> np.ndarray:
    return pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)


def _any(bad: np.ndarray, lists: pa.ListArray) -> np.ndarray:
    """For each list: whether any of its values is bad."""
    broken = np.zeros(len(lists), bool)
    if bad.any():
        broken[pc.list_parent_indices(lists).to_numpy()[bad]] = True
    return broken

"""The rules of an item: each finds the items that break it, and explains one of them.

`mask` reads all items of a batch, a row each with the data set and the fields of an item; `explain`
names the value of one rejected item.
What a source only labels oddly (a category's name, a box that does not fit its outline) is not a
rule here: the checks in sql/ warn about it.
"""

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.annotation import MAX_COORDINATE
from schemas.categories import CATEGORIES, category
from schemas.datasets import DATASETS
from schemas.items import ITEMS
from schemas.vocabulary import UNLABELLED

_BOX = ("x1", "y1", "x2", "y2")


class Fault(NamedTuple):
    """The path below the item, what is wrong there, and the value."""

    path: str
    message: str
    value: object


class Rule(NamedTuple):
    """A rule of schemas.rejections.

    `mask` is true for each item that breaks the rule; `explain`, for a data set and an item that
    breaks it, gives the first fault.
    """

    name: str
    mask: Callable[[pa.RecordBatch], np.ndarray]
    explain: Callable[[str, dict[str, Any]], Fault]


def _has_null(items: pa.RecordBatch) -> np.ndarray:
    """Null where the tables allow none: Arrow accepts it, the Parquet writer rejects the batch.

    A box is whole or absent; a point lacks coordinates only when unlabelled, and both of them.
    """
    required = [field.name for field in ITEMS.schema if not field.nullable]
    broken = np.zeros(len(items), bool)
    for name in set(items.schema.names) & {*required, "landmarks", "polygons"}:
        broken |= _as_mask(items[name].is_null())
    edges = sum(_as_mask(items[name].is_valid()).astype(int) for name in _BOX)
    broken |= (edges != 0) & (edges != 4)

    landmarks = items["landmarks"]
    x, y, word = (landmarks.flatten().field(name) for name in ("x", "y", "visibility"))
    no_x, no_y = _as_mask(x.is_null()), _as_mask(y.is_null())
    bad = _as_mask(word.is_null()) | (no_x != no_y)
    bad |= no_x & ~_as_mask(pc.equal(word, UNLABELLED))
    broken |= _any(bad, landmarks)

    polygons = items["polygons"]
    points = polygons.flatten()
    null_numbers = _as_mask(points.flatten().is_null())
    return broken | _any(_as_mask(points.is_null()) | _any(null_numbers, points), polygons)


def _explain_null(dataset: str, item: dict[str, Any]) -> Fault:
    nulls = [name for name, value in item.items() if value is None]
    return Fault("", "null where a value is needed", nulls or item)


def _landmarks_of_categories(items: pa.RecordBatch) -> np.ndarray:
    """The number of landmarks of each item's category; -1 where the data set lacks the category."""
    counts = np.full(len(items), -1)
    for dataset, categories in CATEGORIES.items():
        is_own = _as_mask(pc.equal(items["dataset"], dataset))
        for defined in categories:
            has_category = _as_mask(pc.equal(items["category_id"], defined.category_id))
            counts[is_own & has_category] = defined.landmarks
    return counts


def _has_unknown_category(items: pa.RecordBatch) -> np.ndarray:
    return _landmarks_of_categories(items) < 0


def _explain_category(dataset: str, item: dict[str, Any]) -> Fault:
    return Fault(".category_id", f"{dataset} defines no such category", item["category_id"])


def _has_wrong_landmark_count(items: pa.RecordBatch) -> np.ndarray:
    """Another number of landmarks than the category defines.

    None at all is allowed where the source keeps landmarks back (FashionAI's test sets).
    """
    counts = _lengths(items["landmarks"])
    withheld = [dataset.name for dataset in DATASETS.values() if dataset.landmarks_withheld]
    may_be_none = _as_mask(pc.is_in(items["dataset"], value_set=pa.array(withheld, pa.string())))
    return (counts != _landmarks_of_categories(items)) & ~(may_be_none & (counts == 0))


def _explain_landmark_count(dataset: str, item: dict[str, Any]) -> Fault:
    defined, count = category(dataset, item["category_id"]), len(item["landmarks"])
    text = f"category {defined.category_id} ({defined.name}) has {defined.landmarks}"
    values = [list(point.values()) for point in item["landmarks"][:10]]
    return Fault(".landmarks", f"{count} landmarks, {text}", values)


def _has_malformed_polygon(items: pa.RecordBatch) -> np.ndarray:
    """A polygon with an odd number of coordinates, or with fewer than three points."""
    polygons = items["polygons"]
    numbers = _lengths(polygons.flatten())
    return _any((numbers % 2 == 1) | (numbers < 6), polygons)


def _explain_polygon(dataset: str, item: dict[str, Any]) -> Fault:
    polygons = enumerate(item["polygons"])
    index, points = next((i, p) for i, p in polygons if len(p) % 2 or len(p) < 6)
    text = f"{len(points)} numbers are not a polygon of three points or more"
    return Fault(f"{_polygons_path(dataset)}[{index}]", text, points[:30])


def _has_number_out_of_range(items: pa.RecordBatch) -> np.ndarray:
    """A coordinate that is not finite, or beyond MAX_COORDINATE in either direction."""
    broken = np.zeros(len(items), bool)
    for name in _BOX:
        broken |= _out_of_range(items[name])
    landmarks, polygons = items["landmarks"], items["polygons"]
    point = landmarks.flatten()
    broken |= _any(_out_of_range(point.field("x")) | _out_of_range(point.field("y")), landmarks)
    points = polygons.flatten()
    return broken | _any(_any(_out_of_range(points.flatten()), points), polygons)


def _explain_number(dataset: str, item: dict[str, Any]) -> Fault:
    path, value = next(
        (path, value)
        for path, value in _coordinates(dataset, item)
        if value is not None and not abs(value) <= MAX_COORDINATE
    )
    return Fault(path, "is not in pixels" if isfinite(value) else "is not a finite number", value)


def _has_inverted_box(items: pa.RecordBatch) -> np.ndarray:
    """A right or bottom edge before the left or top one; a box without width is only odd."""
    x1, y1, x2, y2 = (items[name] for name in _BOX)
    return _as_mask(pc.or_kleene(pc.less(x2, x1), pc.less(y2, y1)))


def _explain_box(dataset: str, item: dict[str, Any]) -> Fault:
    path = ".bounding_box" if dataset == "deepfashion2" else ""
    return Fault(path, "ends before it begins (x1, y1, x2, y2)", [item[edge] for edge in _BOX])


RULES = (
    Rule("wrong_type", _has_null, _explain_null),
    Rule("unknown_category", _has_unknown_category, _explain_category),
    Rule("landmark_count", _has_wrong_landmark_count, _explain_landmark_count),
    Rule("odd_polygon", _has_malformed_polygon, _explain_polygon),
    Rule("non_finite", _has_number_out_of_range, _explain_number),
    Rule("inverted_box", _has_inverted_box, _explain_box),
)
"""In order: an item is rejected for the first rule that it breaks."""


def _coordinates(dataset: str, item: dict[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Every coordinate of an item with its path, in the source's names where they differ."""
    is_flat = dataset == "deepfashion2"
    for index, edge in enumerate(_BOX):
        yield f".bounding_box[{index}]" if is_flat else f".{edge}", item[edge]
    for index, point in enumerate(item["landmarks"]):
        for offset, axis in enumerate("xy"):
            path = f"[{3 * index + offset}]" if is_flat else f"[{index}].{axis}"
            yield f".landmarks{path}", point[axis]
    for index, points in enumerate(item["polygons"]):
        for offset, value in enumerate(points):
            yield f"{_polygons_path(dataset)}[{index}][{offset}]", value


def _polygons_path(dataset: str) -> str:
    return ".segmentation" if dataset == "deepfashion2" else ".polygons"


def _out_of_range(values: pa.Array) -> np.ndarray:
    """True for NaN, infinities and numbers beyond MAX_COORDINATE; false for null."""
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return ~(np.abs(numbers) <= MAX_COORDINATE)


def _as_mask(values: pa.BooleanArray) -> np.ndarray:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)


def _lengths(lists: pa.ListArray) -> np.ndarray:
    return pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)


def _any(bad: np.ndarray, lists: pa.ListArray) -> np.ndarray:
    """For each list: whether any of its values is bad."""
    broken = np.zeros(len(lists), bool)
    if bad.any():
        broken[pc.list_parent_indices(lists).to_numpy()[bad]] = True
    return broken

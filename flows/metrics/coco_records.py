"""Items and detections as columns, and as COCO annotations of one category.

Columns are arrays of n rows by name, in the order that breaks ties. Both kinds have `image_id`,
`category_id`, `area` and some of COCO's `bbox` (n x 4: x, y, width, height), `keypoints` (n x m x
3: x, y and visibility of the landmarks of the own category, then zeros) and `segmentation` (RLE
dictionaries). Items always have a box, `item_no`, and a word or None for each attribute.
Detections have `row` and `score`; `all_keypoints` has the landmarks of all categories, those of
the own first, where an item without labelled landmarks may match, else None.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.categories import CATEGORIES, Category
from schemas.scores import ALL

Columns = dict[str, np.ndarray]
Annotation = dict[str, Any]

FIELDS = (
    "image_id",
    "category_id",
    "area",
    "score",
    "num_keypoints",
    "bbox",
    "keypoints",
    "segmentation",
)
"""The columns that are fields of COCO's records."""

IGNORED_AREA = 1e12
"""Above every range of areas: an item of this area is ignored in all of them."""


@dataclass(frozen=True)
class Subset:
    """The items that a score is about: a value of an attribute, and what other items are."""

    attribute: str = ALL
    value: str = ALL
    mode: str | None = None

    def contains(self, items: Columns) -> np.ndarray:
        """Whether each item is of the subset."""
        if self.attribute == ALL:
            return np.ones(len(items["image_id"]), np.bool_)
        return items[self.attribute] == self.value


class LandmarkSlots:
    """The places of a category's landmarks in the long vector of its data set.

    `order` has the slots of the category, then all others; `sigmas` are the OKS constants in this
    order. A mean over labelled landmarks does not depend on the others, so records may end after
    the own.
    """

    def __init__(self, category: Category) -> None:
        all_slots = sorted(
            (slot, sigma)
            for other in CATEGORIES[category.dataset]
            for slot, sigma in zip(other.slots, other.sigmas, strict=True)
        )
        others = [slot for slot, _ in all_slots if slot not in category.slots]
        self.own = category.landmarks
        self.order = np.array([*category.slots, *others])
        self.sigmas = np.array([sigma for _, sigma in all_slots])[self.order]


def take(columns: Columns, rows: np.ndarray) -> Columns:
    """These rows of all columns: numbers, or True for each row to keep."""
    return {name: values[rows] for name, values in columns.items()}


def labelled_landmarks(items: Columns) -> np.ndarray:
    """Number of labelled landmarks of each item."""
    return np.count_nonzero(items["keypoints"][:, :, 2], axis=1)


def visible_only(items: Columns) -> Columns:
    """The items with occluded landmarks as if they were not labelled."""
    points = items["keypoints"]
    return items | {"keypoints": np.where(points[:, :, 2:] == 2, points, 0.0)}


def detection_records(detections: Columns, slots: LandmarkSlots | None) -> list[Annotation]:
    """COCO's records of detections of one category; ids are rows from 1."""
    records = _records(detections, slots)
    if slots is not None:
        for record, keypoints in zip(records, detections["all_keypoints"], strict=True):
            if keypoints is not None:
                record["keypoints"] = keypoints.ravel().tolist()
    return records


def item_records(items: Columns, slots: LandmarkSlots | None) -> list[Annotation]:
    """COCO's records of items of one category; ids are rows from 1.

    One without labelled landmarks has zeros in all slots: its OKS is a mean over all of them.
    """
    if slots is None:
        return _records(items, None)
    records = _records(items | {"num_keypoints": labelled_landmarks(items)}, slots)
    for record in records:
        if not record["num_keypoints"]:
            record["keypoints"] = [0.0] * (3 * len(slots.order))
    return records


def of_subset(records: Sequence[Annotation], inside: np.ndarray, mode: str) -> list[Annotation]:
    """The records of items as `mode` has them: those outside the subset ignored, or removed."""
    pairs = zip(records, inside.tolist(), strict=True)
    if mode == "removed":
        return [record for record, is_inside in pairs if is_inside]
    return [record if is_inside else _ignored(record) for record, is_inside in pairs]


def _ignored(record: Annotation) -> Annotation:
    """A record that does not count. The OKS of its landmarks depends on the area."""
    if "keypoints" in record:
        return record | {"num_keypoints": 0}
    return record | {"area": IGNORED_AREA}


def _records(columns: Columns, slots: LandmarkSlots | None) -> list[Annotation]:
    fields = {name: columns[name] for name in FIELDS if name in columns}
    fields["id"] = np.arange(1, len(columns["image_id"]) + 1)
    if slots is not None:
        own = columns["keypoints"][:, : slots.own]
        fields["keypoints"] = own.reshape(len(own), 3 * slots.own)
    rows = zip(*(values.tolist() for values in fields.values()), strict=True)
    return [dict(zip(fields, row, strict=True)) for row in rows]

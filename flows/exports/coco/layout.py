"""COCO layouts: options of a file, and where the landmarks of each category are written.

`official` is the layout of the authors' converter: the names of their script, one long list of
landmarks for all categories (294 points, 882 numbers, zeros outside the category's own slots) and
an empty skeleton. For FashionAI, which has no converter, it is the long list of its CSV header.
`local` gives each category its own landmarks, names and skeleton and keeps the labels of the items.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from schemas.errors import InputError

Layout = Literal["official", "local"]
Task = Literal["all", "detection", "landmarks", "segmentation"]


@dataclass(frozen=True)
class CocoOptions:
    """Options of a COCO file: its layout, its task, and whether occluded landmarks count.

    `visible_only` zeroes landmarks that are not visible, as the authors' second pack does.
    """

    layout: Layout = "official"
    task: Task = "all"
    visible_only: bool = False

    def __post_init__(self) -> None:
        for name, words in (("layout", get_args(Layout)), ("task", get_args(Task))):
            if getattr(self, name) not in words:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}, but should be {' or '.join(words)}."
                )

    @property
    def official(self) -> bool:
        """Whether the layout is that of the authors' converter."""
        return self.layout == "official"

    @property
    def landmarks(self) -> bool:
        """Whether keypoints are written."""
        return self.task in ("all", "landmarks")

    @property
    def outlines(self) -> bool:
        """Whether segmentation is written."""
        return self.task in ("all", "segmentation")


@dataclass(frozen=True)
class CategoryLayout:
    """A category's COCO record, and the slots of its landmarks in the list of keypoints.

    The list has `length` points; the category's slots are `first` to `first + width - 1`. `places`
    are the slots of its landmarks in their order, counted from `first`.
    """

    record: dict[str, Any]
    length: int
    first: int
    width: int
    places: np.ndarray


def category_layouts(categories: pa.Table, options: CocoOptions) -> dict[int, CategoryLayout]:
    """The categories of a source by number, from the rows of sql/coco/coco_categories.sql."""
    rows = categories.to_pylist()
    slots = [row["slot"] for row in rows if row["slot"] is not None]
    length = max(slots) + 1 if slots else 0
    # One name for each slot of the long list: the source's if it has names, else the number.
    names = [str(number) for number in range(1, length + 1)]
    for row in rows:
        if row["landmark_name"] is not None:
            names[row["slot"]] = row["landmark_name"]
    return {
        number: _layout(list(group), names, options)
        for number, group in groupby(rows, key=lambda row: row["category_id"])
    }


def _layout(
    rows: Sequence[dict[str, Any]], names: list[str], options: CocoOptions
) -> CategoryLayout:
    landmarks = [row for row in rows if row["landmark_no"] is not None]
    own_name, coco_name = rows[0]["category_name"], rows[0]["coco_name"]
    record: dict[str, Any] = {
        "id": rows[0]["category_id"],
        "name": (coco_name or own_name) if options.official else own_name,
        "supercategory": "clothes",
    }
    if not landmarks or not options.landmarks:
        return CategoryLayout(record, 0, 0, 0, np.zeros(0, np.int64))
    if options.official:
        slots = np.array([row["slot"] for row in landmarks], np.int64)
        first = int(slots.min())
        record |= {"keypoints": names, "skeleton": []}
        return CategoryLayout(record, len(names), first, int(np.ptp(slots)) + 1, slots - first)
    record["keypoints"] = [row["landmark_name"] or str(row["landmark_no"]) for row in landmarks]
    record["skeleton"] = [[row["landmark_no"], to] for row in landmarks for to in row["edges_to"]]
    count = len(landmarks)
    return CategoryLayout(record, count, 0, count, np.arange(count, dtype=np.int64))

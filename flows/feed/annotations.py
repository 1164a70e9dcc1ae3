"""What is annotated on an item or an image, moved along with its picture."""

from functools import cached_property
from typing import Any

import numpy as np

from flows.feed.index import Index
from flows.pictures import CropTransform
from schemas.categories import CATEGORIES

Sample = dict[str, Any]


class Annotations:
    """The annotation keys of samples, by row of the index; Feed says what they are."""

    def __init__(self, index: Index, task: str, in_fold: np.ndarray, *, slots: bool) -> None:
        self._index, self._task, self._in_fold, self._slots = index, task, in_fold, slots
        declared = CATEGORIES[index.dataset]
        ids = [category.category_id for category in declared]
        self._label_of = np.full(max(ids) + 1, -1, np.int64)
        self._label_of[ids] = np.arange(len(ids))
        self._slots_of = [np.array(category.slots, np.int64) for category in declared]
        self._partners_of = [np.array(category.partners, np.int64) - 1 for category in declared]
        self._slot_count = 1 + max(max(category.slots, default=-1) for category in declared)

    def of_image(self, row: int, frame: CropTransform) -> Sample:
        """An image's items, in the order of item_no."""
        index, items = self._index, self._index.items
        first, last = int(index.item_starts[row]), int(index.item_starts[row + 1])
        ids = items["category_id"][first:last].astype(np.int64)
        sample: Sample = {
            "image_id": int(index.images["image_id"][row]),
            "item_nos": items["item_no"][first:last].astype(np.int64),
            "boxes": _boxes(items["box"][first:last], frame),
            "labels": self._label_of[ids],
            "category_ids": ids,
            "frame": np.array(frame, np.float32),
        }
        if self._task == "landmarks":
            points = [self._landmarks(item, frame) for item in range(first, last)]
            if self._slots:
                shape = (len(points), self._slot_count, 3)
                sample["landmarks"] = np.array(points, np.float32).reshape(shape)
            else:
                sample["landmarks"] = points
        elif self._task == "segmentation":
            sample["polygons"] = [self._polygons(item, frame) for item in range(first, last)]
        return sample

    def of_item(self, row: int, frame: CropTransform) -> Sample:
        """One item."""
        index, items = self._index, self._index.items
        image = int(items["image_row"][row])
        category_id = int(items["category_id"][row])
        sample: Sample = {
            "image_id": int(index.images["image_id"][image]),
            "item_no": int(items["item_no"][row]),
            "box": _boxes(items["box"][row], frame),
            "label": int(self._label_of[category_id]),
            "category_id": category_id,
            "frame": np.array(frame, np.float32),
        }
        if self._task == "landmarks":
            sample["landmarks"] = self._landmarks(row, frame)
        elif self._task == "segmentation":
            sample["polygons"] = self._polygons(row, frame)
        elif self._task == "retrieval":
            sample["identity"] = int(self.identities[row])
            sample["source"] = int(index.images["source"][image])
            sample["pair_id"] = int(index.images["pair_id"][image])
            sample["style"] = int(items["style"][row])
        return sample

    @cached_property
    def identities(self) -> np.ndarray:
        """Per item row, the number of its (pair_id, style) from 0; -1 for style 0 or none.

        Those of images outside of the fold are -1 too.
        """
        image_row = self._index.items["image_row"]
        pair = self._index.images["pair_id"][image_row].astype(np.int64)
        style = self._index.items["style"].astype(np.int64)
        paired = (style > 0) & (pair >= 0) & self._in_fold[image_row]
        identities = np.full(len(style), -1, np.int64)
        products = (pair[paired] << 32) | style[paired]
        identities[paired] = np.unique(products, return_inverse=True)[1]
        return identities

    def _landmarks(self, item: int, frame: CropTransform) -> np.ndarray:
        starts, points = self._index.landmarks
        points_of_item = points[starts[item] : starts[item + 1]]
        moved = points_of_item.copy()
        moved[:, :2] = frame.apply(points_of_item[:, :2])
        moved[points_of_item[:, 2] == 0, :2] = 0.0
        label = self._label_of[self._index.items["category_id"][item]]
        if frame.mirrored and len(moved):  # an item of a list without answers has no landmarks
            moved = moved[self._partners_of[label]]
        if not self._slots:
            return moved
        slots = self._slots_of[label]
        long = np.zeros((self._slot_count, 3), np.float32)
        long[slots[: len(moved)]] = moved
        return long

    def _polygons(self, item: int, frame: CropTransform) -> list[np.ndarray]:
        items, polygons, numbers = self._index.polygons
        return [
            frame.apply(numbers[polygons[k] : polygons[k + 1]].reshape(-1, 2))
            for k in range(items[item], items[item + 1])
        ]


def _boxes(boxes: np.ndarray, frame: CropTransform) -> np.ndarray:
    """Boxes in the frame, x1 on the left in a mirror image too."""
    moved = frame.apply(boxes)
    return moved[..., [2, 1, 0, 3]] if frame.mirrored else moved

"""Predictions with noise: annotated items of a split in, records of prediction files out.

Some items are missed, some get another category, some predictions are of nothing, and coordinates
are moved. `Random` decides: the same state and the same items give the same records.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.category_lists import Category
from schemas.challenge import GALLERY_ENTRIES

Item = Mapping[str, Any]
"""An item with category_id, x1 to y2, `landmarks` (number, x, y, visibility) and `polygons`."""

Record = dict[str, Any]
Categories = Mapping[int, Category]
Point = tuple[float, float]

MISSED, CONFUSED, INVENTED = 0.1, 0.1, 0.1
"""Shares of items that have no prediction, one of another category, one more that is wrong."""


@dataclass(frozen=True)
class Detection:
    """A detected item: its category and score, and how its coordinates are changed."""

    item: Item
    category: Category
    score: float
    shift: Point
    scale: float

    def moved(self, x: float, y: float) -> Point:
        """A point of the item, scaled about the centre of the item and shifted."""
        centre_x = (self.item["x1"] + self.item["x2"]) / 2
        centre_y = (self.item["y1"] + self.item["y2"]) / 2
        shift_x, shift_y = self.shift
        return (
            round(centre_x + (x - centre_x) * self.scale + shift_x, 2),
            round(centre_y + (y - centre_y) * self.scale + shift_y, 2),
        )

    @property
    def corners(self) -> list[float]:
        """The box as x1, y1, x2, y2; at least one pixel in each direction."""
        x1, y1 = self.moved(self.item["x1"], self.item["y1"])
        x2, y2 = self.moved(self.item["x2"], self.item["y2"])
        return [x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)]

    @property
    def record(self) -> Record:
        """The fields that the results of all tasks of COCO have."""
        return {
            "image_id": self.item["image_id"],
            "category_id": self.category.category_id,
            "score": self.score,
        }


def detections(rng: Random, items: Iterable[Item], categories: Categories) -> Iterator[Detection]:
    """What a detector might find of these items: nothing, the item, or the item and nothing more.

    A prediction of nothing is the item moved by about its own size, with a low score.
    """
    for item in items:
        if rng.random() < MISSED:
            continue
        number = item["category_id"]
        if rng.random() < CONFUSED:
            number = rng.choice([other for other in categories if other != number])
        yield _detection(rng, item, categories[number], rng.uniform(0.3, 1.0), 0.03)
        if rng.random() < INVENTED:
            yield _detection(rng, item, categories[number], rng.uniform(0.01, 0.5), 1.0)


def _detection(
    rng: Random, item: Item, category: Category, score: float, error: float
) -> Detection:
    """A detection whose coordinates are off by about `error` times the size of the item."""
    sizes = (item["x2"] - item["x1"], item["y2"] - item["y1"])
    shift_x, shift_y = (rng.gauss(0, error) * size for size in sizes)
    return Detection(item, category, round(score, 4), (shift_x, shift_y), rng.uniform(0.9, 1.1))


def box_records(rng: Random, items: Iterable[Item], categories: Categories) -> Iterator[Record]:
    """COCO results of boxes: x, y, width, height."""
    for detection in detections(rng, items, categories):
        x1, y1, x2, y2 = detection.corners
        yield detection.record | {"bbox": [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]}


def landmark_records(
    rng: Random, items: Iterable[Item], categories: Categories
) -> Iterator[Record]:
    """COCO results of landmarks: x, y, 1 at the slots of the category, zeros at all others."""
    length = 3 * sum(category.landmarks for category in categories.values())
    for detection in detections(rng, items, categories):
        keypoints: list[float] = [0] * length
        points = _points(rng, detection)
        for slot, (x, y) in zip(detection.category.slots, points, strict=True):
            keypoints[3 * slot : 3 * slot + 3] = [x, y, 1]
        yield detection.record | {"keypoints": keypoints}


def _points(rng: Random, detection: Detection) -> Iterator[Point]:
    """The landmarks of the detected category; where the truth has none, anywhere in the box."""
    item, category = detection.item, detection.category
    x1, y1, x2, y2 = detection.corners
    error = 0.02 * ((x2 - x1) * (y2 - y1)) ** 0.5
    truth = {}
    if category.category_id == item["category_id"]:
        labelled = (row for row in item["landmarks"].tolist() if row[3])
        truth = {int(number): (x, y) for number, x, y, _ in labelled}
    for number in range(1, category.landmarks + 1):
        if number in truth:
            x, y = detection.moved(*truth[number])
            yield round(x + rng.gauss(0, error), 2), round(y + rng.gauss(0, error), 2)
        else:
            yield round(rng.uniform(x1, x2), 2), round(rng.uniform(y1, y2), 2)


def mask_records(rng: Random, items: Iterable[Item], categories: Categories) -> Iterator[Record]:
    """COCO results of masks: the first polygon of an item, which is the whole item."""
    drawn = (item for item in items if len(item["polygons"]))
    for detection in detections(rng, drawn, categories):
        outline = detection.item["polygons"][0].tolist()
        points = zip(outline[::2], outline[1::2], strict=True)
        polygon = [value for x, y in points for value in detection.moved(x, y)]
        yield detection.record | {"segmentation": [polygon]}


def retrieval_records(
    rng: Random, items: Iterable[Item], categories: Categories, gallery: Sequence[Item]
) -> Iterator[Record]:
    """Detected items of consumers with GALLERY_ENTRIES items of shops, best first.

    Each list is random, with a counterpart of the query, if it has one, at a random rank in two of
    three lists. A short gallery has items twice in a list.
    """
    counterparts: dict[tuple[int, int], list[Item]] = {}
    for item in gallery:
        counterparts.setdefault((item["pair_id"], item["style"]), []).append(item)
    for detection in detections(rng, items, categories):
        query = detection.item
        entries = rng.choices(gallery, k=GALLERY_ENTRIES)
        matching = counterparts.get((query["pair_id"], query["style"])) if query["style"] else None
        if matching and rng.random() < 2 / 3:
            rank = min(int(rng.expovariate(0.2)), GALLERY_ENTRIES - 1)
            entries[rank] = rng.choice(matching)
        boxes = [_detection(rng, entry, detection.category, 0.5, 0.03).corners for entry in entries]
        yield {
            "query_image_id": query["image_id"],
            "query_bbox": detection.corners,
            "query_cls": detection.category.category_id,
            "query_score": detection.score,
            "gallery_image_id": [entry["image_id"] for entry in entries],
            "gallery_bbox": boxes,
        }


def point_records(
    rng: Random, items: Iterable[Item], categories: Categories, names: Sequence[str]
) -> Iterator[Record]:
    """Rows of a FashionAI submission: file_name, category and a cell x_y_v for each of `names`."""
    for item in items:
        category = categories[item["category_id"]]
        cells = dict.fromkeys(names, "-1_-1_-1")
        points = _points(rng, _detection(rng, item, category, 0.5, 0.01))
        for name, (x, y) in zip(category.landmark_names, points, strict=True):
            cells[name] = f"{round(x)}_{round(y)}_1"
        yield {"image_id": item["file_name"], "image_category": category.name} | cells


def class_records(rng: Random, items: Iterable[Item], categories: Categories) -> Iterator[Record]:
    """The category of each picture, or another one."""
    for item in items:
        number = item["category_id"]
        if rng.random() < CONFUSED:
            number = rng.choice([other for other in categories if other != number])
        yield {"image_id": item["image_id"], "category_id": number}

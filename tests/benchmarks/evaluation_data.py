"""A lake of 32,153 images with 52,490 items, and 94,544 detections of these, for evaluation.py.

The detections are noisy copies of all items, some of them twice and some in another category.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from releases import image, item, write_release

from schemas.categories import CATEGORIES, Category

IMAGES, ITEMS, DETECTIONS = 32_153, 52_490, 94_544
WIDTH, HEIGHT = 468, 624
CLASSES = CATEGORIES["deepfashion2"]
NUMBERS = 3 * sum(category.landmarks for category in CLASSES)

Detection = dict[str, Any]


def prepare(folder: Path) -> dict[str, Path]:
    """The files by name, made once: the lake, boxes and landmarks in JSON, landmarks in Parquet."""
    names = {"boxes": "boxes.json", "landmarks": "landmarks.json", "parquet": "landmarks.parquet"}
    files = {"lake": folder / "lake"} | {key: folder / name for key, name in names.items()}
    if not (folder / "ready").exists():
        chance = random.Random(13)
        images = list(_images(chance))
        release = write_release(folder, images, pictures="none", per_part=4096)
        (files["lake"] / "current").symlink_to(release.relative_to(files["lake"]))
        detections = list(_detections(chance, images))
        _write_boxes(files["boxes"], detections)
        _write_landmarks(files["landmarks"], detections)
        _write_parquet(files["parquet"], detections)
        (folder / "ready").touch()
    return files


def _images(chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(1, IMAGES + 1):
        items = [_item(chance) for _ in range(2 if number <= ITEMS - IMAGES else 1)]
        yield image(number, *items, width=WIDTH, height=HEIGHT)


def _item(chance: random.Random) -> dict[str, Any]:
    category = chance.choice(CLASSES)
    left, top = chance.uniform(0, 200), chance.uniform(0, 250)
    right, bottom = left + chance.uniform(20, 260), top + chance.uniform(20, 370)
    codes = (0, 1, 2, 2, 2) if chance.random() > 0.01 else (0,)
    landmarks = [
        (chance.uniform(left, right), chance.uniform(top, bottom), chance.choice(codes))
        for _ in range(category.landmarks)
    ]
    box = (left, top, right, bottom)
    return item(category.category_id, box=box, landmarks=landmarks)


def _detections(chance: random.Random, images: list[dict[str, Any]]) -> Iterator[Detection]:
    """A copy of every item, then of items drawn at random: one of four in another category."""
    items = [(image["image_id"], item) for image in images for item in image["items"]]
    extra = chance.choices(items, k=DETECTIONS - len(items))
    copies = [(*pair, False) for pair in items] + [
        (*pair, chance.random() < 0.25) for pair in extra
    ]
    for image_id, truth, is_other in sorted(copies, key=lambda copy: copy[0]):
        known = truth["category_id"]
        category = chance.choice(CLASSES) if is_other else CLASSES[known - 1]
        yield _detection(chance, image_id, truth, category)


def _detection(
    chance: random.Random, image_id: int, truth: dict[str, Any], category: Category
) -> Detection:
    noise = chance.choice((1.0, 4.0, 12.0))
    left, top, right, bottom = (edge + chance.gauss(0, noise) for edge in truth["box"])
    points = truth["landmarks"]
    keypoints = []
    for number in range(category.landmarks):
        x, y, _ = points[number % len(points)]
        keypoints += [round(x + chance.gauss(0, noise), 2), round(y + chance.gauss(0, noise), 2), 1]
    return {
        "image_id": image_id,
        "category_id": category.category_id,
        "bbox": [left, top, max(right - left, 1.0), max(bottom - top, 1.0)],
        "score": chance.random(),
        "keypoints": keypoints,
    }


def _write_boxes(path: Path, detections: list[Detection]) -> None:
    names = ("image_id", "category_id", "bbox", "score")
    path.write_text(json.dumps([{name: row[name] for name in names} for row in detections]))


def _write_landmarks(path: Path, detections: list[Detection]) -> None:
    """All 294 landmarks, zeros for those of other categories, without spaces: 347 MB."""
    with path.open("w") as file:
        for number, row in enumerate(detections):
            numbers = ["0.0"] * NUMBERS
            start = 3 * CLASSES[row["category_id"] - 1].slots[0]
            numbers[start : start + len(row["keypoints"])] = map(str, row["keypoints"])
            file.write("," if number else "[")
            file.write(f'{{"image_id":{row["image_id"]},"category_id":{row["category_id"]},')
            file.write(f'"keypoints":[{",".join(numbers)}],"score":{row["score"]}}}')
        file.write("]")


def _write_parquet(path: Path, detections: list[Detection]) -> None:
    names = ("image_id", "category_id", "score")
    schema = pa.schema(
        [("image_id", "int64"), ("category_id", "int64"), ("score", "float64"),
         ("keypoints", pa.list_(pa.float64()))]
    )  # fmt: skip
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, len(detections), 16_384):
            rows = detections[first : first + 16_384]
            points = np.zeros((len(rows), NUMBERS))
            for number, row in enumerate(rows):
                start = 3 * CLASSES[row["category_id"] - 1].slots[0]
                points[number, start : start + len(row["keypoints"])] = row["keypoints"]
            offsets = np.arange(0, points.size + 1, NUMBERS, np.int32)
            lists = pa.ListArray.from_arrays(offsets, points.ravel())
            columns = [pa.array([row[name] for row in rows]) for name in names]
            writer.write_table(pa.Table.from_arrays([*columns, lists], schema=schema))

"""Predictions of images as they are drawn: prediction files in, PredictedItems by image out."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.exports.drawing.annotated import PredictedItem
from flows.exports.drawing.outlines import mask_outlines
from flows.predictions import (
    read_boxes,
    read_landmarks,
    read_masks,
    read_points,
    read_retrieval,
    run_lengths,
)
from flows.warehouse import Warehouse, read_matching, run_query
from schemas.categories import CATEGORIES, Category, category
from schemas.errors import InputError

FIRST_BYTES = 1 << 20
"""The part of a JSON file that is searched for the fields of its first record."""

Predictions = dict[int, tuple[PredictedItem, ...]]


@dataclass(frozen=True)
class SplitPredictions:
    """The predictions for a split: validated records, and the images that they are for."""

    task: str
    dataset: str
    images: pa.Table
    records: Iterable[pa.RecordBatch]

    def items(self, image_ids: Collection[int]) -> Predictions:
        """The predictions for these images, by falling score; images without any are absent."""
        rows = _rows_of(image_ids, self.records)
        if self.dataset == "fashionai":
            return _key_points(self.images, rows)
        _, parts = READERS[self.task]
        by_image: dict[int, list[PredictedItem]] = defaultdict(list)
        for row in rows:
            own_category = category(self.dataset, row["category_id"])
            item = PredictedItem(
                row["row"], own_category.name, row["score"], **parts(row, own_category)
            )
            by_image[row["image_id"]].append(item)
        return {
            image_id: tuple(sorted(items, key=lambda item: -(item.score or 0)))
            for image_id, items in by_image.items()
        }


def predicted_items(
    con: Warehouse,
    task: str,
    dataset: str,
    split: str,
    paths: Sequence[Path],
    image_ids: Collection[int],
) -> Predictions:
    """The predictions for these images, by falling score; images without any are absent.

    All records are read and validated. Raises InputError for bad ones.
    """
    return _opened(con, task, dataset, split, paths).items(image_ids)


def read_split_predictions(
    con: Warehouse, task: str, dataset: str, split: str, paths: Sequence[Path]
) -> SplitPredictions:
    """All predictions, read into memory. Raises InputError for bad ones, and for other tasks."""
    if dataset != "fashionai" and task not in READERS:
        raise InputError(f"predictions of {task} are not drawn: leave out --predictions")
    opened = _opened(con, task, dataset, split, paths)
    return replace(opened, records=list(opened.records))


def _opened(
    con: Warehouse, task: str, dataset: str, split: str, paths: Sequence[Path]
) -> SplitPredictions:
    """Predictions whose records are read once, when they are iterated."""
    partition = {"dataset": dataset, "split": split}
    if dataset == "fashionai":
        images = run_query(con, "named_images", partition)
        return SplitPredictions(task, dataset, images, read_points(paths, images).to_batches())
    images = read_matching(con, "images", pa.Table.from_pylist([partition]))
    images = images.filter(images["annotated"]).select(["image_id", "width", "height"])
    return SplitPredictions(task, dataset, images, READERS[task][0](paths, images))


def first_of_lists(
    paths: Sequence[Path], rows: Collection[int], most: int
) -> dict[int, list[tuple[int, PredictedItem]]]:
    """The first entries in the lists of these records: image_id and box, by record.

    Embeddings do not have lists. Raises InputError for bad records.
    """
    if "embedding" in _field_names(paths[0]):
        return {}
    gallery = read_retrieval(paths).gallery
    is_first = pc.less_equal(gallery["rank"], most)
    is_asked = pc.is_in(gallery["row"], pa.array(list(rows), pa.int64()))
    lists: dict[int, list[tuple[int, PredictedItem]]] = defaultdict(list)
    for entry in gallery.filter(pc.and_(is_first, is_asked)).to_pylist():
        box = (entry["x1"], entry["y1"], entry["x2"], entry["y2"])
        item = PredictedItem(entry["row"], f"rank {entry['rank']}", box=box)
        lists[entry["row"]].append((entry["image_id"], item))
    return lists


def predicted_task(dataset: str, path: Path) -> str:
    """The task that a file of predictions is for, by the fields of its records.

    The reader of the task refuses other fields. InputError where predictions have no coordinates.
    """
    if dataset == "fashionai":
        return "landmarks"
    if dataset != "deepfashion2":
        raise InputError(f"predictions for {dataset} are not drawn: they have no coordinates")
    names = _field_names(path)
    if "query_bbox" in names:
        raise InputError(f"{path} has results of retrieval, which are not drawn")
    tasks = {"keypoints": "landmarks", "segmentation": "segmentation"}
    return next((task for name, task in tasks.items() if name in names), "detection")


def _field_names(path: Path) -> Collection[str]:
    """The columns of a Parquet file, or the fields of the first record of a list in JSON."""
    try:
        with path.open("rb") as file:
            first = file.read(FIRST_BYTES)
        if first.startswith(b"PAR1"):
            return pq.read_schema(path).names
        text = first.decode("utf-8", "ignore")
        record, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    except (OSError, ValueError, RecursionError, pa.ArrowException):
        return ()  # the reader says what is wrong
    return record


def _rows_of(
    image_ids: Collection[int], batches: Iterable[pa.RecordBatch]
) -> Iterator[dict[str, Any]]:
    """The rows of these images. All batches are read, so that all records are validated."""
    ids = pa.array(list(image_ids), pa.int64())
    for batch in batches:
        yield from batch.filter(pc.is_in(batch["image_id"], ids)).to_pylist()


def _box(row: dict[str, Any], _: Category) -> dict[str, Any]:
    x, y = row["x"], row["y"]
    return {"box": (x, y, x + row["width"], y + row["height"])}


def _landmarks(row: dict[str, Any], own_category: Category) -> dict[str, Any]:
    """The landmarks of the category, from its own list or from the slots of the long one."""
    numbers = row["keypoints"]
    is_own = len(numbers) == 3 * own_category.landmarks
    places = range(own_category.landmarks) if is_own else own_category.slots
    points = [numbers[3 * place : 3 * place + 3] for place in places]
    # What exporters write for a landmark that is not predicted.
    landmarks = tuple((x, y) if (x, y, v) != (0, 0, 0) else None for x, y, v in points)
    return {"landmarks": landmarks, "edges": own_category.edges}


def _mask(row: dict[str, Any], _: Category) -> dict[str, Any]:
    """The outlines of a mask: its runs of pixels, out and in, go column by column."""
    runs = run_lengths(row["counts"].decode())
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return {"outlines": mask_outlines(pixels.reshape(row["width"], row["height"]).T)}


READERS: dict[
    str, tuple[Callable[..., Iterable[pa.RecordBatch]], Callable[..., dict[str, Any]]]
] = {
    "detection": (read_boxes, _box),
    "landmarks": (read_landmarks, _landmarks),
    "segmentation": (read_masks, _mask),
}
"""What reads the predictions of a task, and the parts of an item that they have."""


def _key_points(images: pa.Table, points: Iterable[dict[str, Any]]) -> Predictions:
    """FashionAI's points as one item for each image; an image without truth has all 24 points."""
    names = {image["image_id"]: image["category_name"] for image in images.to_pylist()}
    by_name = {category.name: category for category in CATEGORIES["fashionai"]}
    by_image: dict[int, dict[str, Any]] = defaultdict(dict)
    rows: dict[int, int] = {}
    for point in points:
        place = (point["x"], point["y"])
        by_image[point["image_id"]][point["landmark_name"]] = None if place == (-1, -1) else place
        rows[point["image_id"]] = point["row"]
    items: Predictions = {}
    for image_id, places in by_image.items():
        own_category = by_name.get(names[image_id])
        own = own_category.landmark_names if own_category else tuple(places)
        landmarks = tuple(places[name] for name in own)
        name, edges = (
            (own_category.name, own_category.edges) if own_category else ("key points", ())
        )
        item = PredictedItem(rows[image_id], name, landmarks=landmarks, edges=edges)
        items[image_id] = (item,)
    return items

"""Rows of a training set: one per image or item, with its picture and its annotations."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from flows.exports.item_rows import ItemRow, item_rows
from flows.exports.training.options import TrainingOptions
from flows.exports.training.pictures import Prepared, prepare
from flows.pictures import PictureError, Region
from schemas.errors import InputError
from schemas.vocabulary import SOURCES

ReadPictures = Callable[[pa.Table], Iterable[bytes | None]]
"""The picture files of some images (`image_id`, `file_name`) in order; None if missing."""

PICTURES_AT_ONCE = 64

COLUMNS_OF_ITEMS = {
    "item_nos": "item_no",
    "boxes": "box",
    "labels": "label",
    "category_ids": "category_id",
    "landmarks": "landmarks",
    "polygons": "polygons",
}
"""The columns of a row with several items, and what each lists of an item."""

NO_REGION = "the box is empty or outside of the picture"


class LeftOut(NamedTuple):
    """A row that could not be made; `item_no` is 0 for a whole image."""

    image_id: int
    item_no: int
    reason: str


def training_rows(
    images: pa.Table,
    items: pa.Table,
    *,
    options: TrainingOptions,
    labels: dict[int, int],
    read: ReadPictures,
) -> Iterator[dict[str, Any] | LeftOut]:
    """One row for each image, or for each item when items are cut out, in the order of the tables.

    `images` are rows of coco_images, `items` those of coco_annotations, for retrieval with the
    column `identity`. `labels` maps a category's number to its place among the names. Coordinates
    are transformed with the picture. A picture that cannot be read or decoded gives a LeftOut.
    """
    items_of: dict[int, list[ItemRow]] = defaultdict(list)
    for item in item_rows(items):
        items_of[item["image_id"]].append(item)
    for image, data in with_pictures(images, read):
        own_items = items_of[image["image_id"]]
        for group in [[item] for item in own_items] if options.crop_items else [own_items]:
            yield _row(image, data, group, options, labels)


def with_pictures(
    images: pa.Table, read: ReadPictures
) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """Each image with its picture, some pictures read at a time."""
    for start in range(0, images.num_rows, PICTURES_AT_ONCE):
        chunk = images[start : start + PICTURES_AT_ONCE]
        yield from zip(chunk.to_pylist(), read(chunk), strict=True)


def _row(
    image: dict[str, Any],
    data: bytes | None,
    items: list[ItemRow],
    options: TrainingOptions,
    labels: dict[int, int],
) -> dict[str, Any] | LeftOut:
    """The row of an image and its items, or of an item that is cut out of it."""
    image_id, item_no, region = image["image_id"], 0, None
    if options.crop_items:
        item_no, box = items[0]["item_no"], box_of(items[0])
        region = None if isnan(box[0]) else box
    if data is None:
        return LeftOut(image_id, item_no, "the picture cannot be read")
    try:
        picture = prepare(data, options, region)
    except PictureError as error:
        return LeftOut(image_id, item_no, f"the picture cannot be decoded: {error}")
    if picture is None:
        return LeftOut(image_id, item_no, NO_REGION)
    stem = image["file_name"].rsplit(".", 1)[0]
    name = f"{stem}_{item_no}" if item_no else stem
    return {
        "image": {"bytes": picture.data, "path": name + picture.ending},
        "image_id": image_id,
        "width": picture.width,
        "height": picture.height,
        "frame": list(picture.transform),
        **_annotations(image, items, picture, options, labels),
    }


def box_of(item: ItemRow) -> Region:
    """x1, y1, x2, y2 as the source has them; NaN where it has no box."""
    if item["box_from"] != "source":
        return nan, nan, nan, nan
    return item["x1"], item["y1"], item["x2"], item["y2"]


def _annotations(
    image: dict[str, Any],
    items: list[ItemRow],
    picture: Prepared,
    options: TrainingOptions,
    labels: dict[int, int],
) -> dict[str, Any]:
    if options.task == "classification" and len(items) != 1:
        raise InputError(
            f"{image['file_name']} shows {len(items)} items, but a class needs one: "
            "cut them out with --crop items."
        )
    rows = [_item(item, picture, labels) for item in items]
    if options.by_item:
        return rows[0]
    return {column: [row[name] for row in rows] for column, name in COLUMNS_OF_ITEMS.items()}


def _item(item: ItemRow, picture: Prepared, labels: dict[int, int]) -> dict[str, Any]:
    """An item in pixels of the picture, with all columns; the schema of the task selects some."""
    transform = picture.transform.apply
    marks = item["landmarks"]
    points = np.column_stack((transform(marks[:, 1:3]), marks[:, 3]))
    points[points[:, 2] == 0] = 0.0
    numbers = {name: item.get(name) for name in ("identity", "pair_id", "style")}
    return {
        "item_no": item["item_no"],
        "box": transform(np.array(box_of(item))).tolist(),
        "label": labels[item["category_id"]],
        "category_id": item["category_id"],
        "landmarks": points.tolist(),
        "polygons": [transform(flat).reshape(-1, 2).tolist() for flat in item["polygons"]],
        **{name: -1 if number is None else number for name, number in numbers.items()},
        "source": SOURCES.index(item["source"]) if item["source"] else -1,
    }

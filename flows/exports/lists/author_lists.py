"""JSON lists as the authors publish them: images to predict on, retrieval queries, gallery.

An image list is a COCO file without annotations. Queries and gallery are lists of objects with
corner boxes and the authors' keys.
"""

from collections.abc import Iterable
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa

from flows.exports.coco.layout import CocoOptions, category_layouts
from flows.exports.coco.writer import image_records, number_of, write_list

FILES = {
    "keypoints": "keypoints_{split}_information.json",
    "consumer": "retrieval_{split}_consumer_information.json",
    "shop": "retrieval_{split}_shop_information.json",
    "query": "{split}_query.json",
    "gallery": "{split}_gallery.json",
}
"""The authors' file name of each list."""

SPLIT_WORDS = {"validation": "val"}


def file_name(kind: str, split: str) -> str:
    """The authors' file name of a list; they abbreviate validation to `val`."""
    return FILES[kind].format(split=SPLIT_WORDS.get(split, split))


def write_image_list(
    sink: BinaryIO, categories: pa.Table, images: Iterable[pa.Table | pa.RecordBatch]
) -> int:
    """Write a COCO file of images and categories without annotations; returns its images."""
    options = CocoOptions()
    sink.write(b'{"info":{},"licenses":[],"images":[')
    count = write_list(sink, (image_records(batch, options) for batch in images))
    sink.write(b'],"categories":[')
    layouts = category_layouts(categories, options).values()
    write_list(sink, [[msgspec.json.encode(layout.record) for layout in layouts]])
    sink.write(b"]}\n")
    return count


def write_queries(sink: BinaryIO, items: Iterable[pa.Table | pa.RecordBatch]) -> int:
    """Write consumers' items: image, style, class, pair and corner box; returns their number."""
    return _write_objects(sink, items, image="query_image_id", with_class=True)


def write_gallery(sink: BinaryIO, items: Iterable[pa.Table | pa.RecordBatch]) -> int:
    """Write shops' items: image, style, pair and corner box; returns their number."""
    return _write_objects(sink, items, image="gallery_image_id", with_class=False)


def _write_objects(
    sink: BinaryIO, items: Iterable[pa.Table | pa.RecordBatch], *, image: str, with_class: bool
) -> int:
    def record(row: dict[str, Any]) -> bytes:
        values = {image: row["image_id"], "style": row["style"]}
        if with_class:
            values["cls"] = row["category_id"]
        box = [number_of(row[edge]) for edge in ("x1", "y1", "x2", "y2")]
        return msgspec.json.encode(values | {"pair_id": row["pair_id"], "bbox": box})

    sink.write(b"[")
    count = write_list(sink, ([record(row) for row in batch.to_pylist()] for batch in items))
    sink.write(b"]\n")
    return count

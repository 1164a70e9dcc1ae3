"""The authors' lists beside their annotations: images to predict on, retrieval queries, gallery.

An image list is a COCO file without annotations. Queries and gallery are lists of objects with
corner boxes; their keys are the authors' own.
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
"""The lists by what they are, with the names the authors gave their files."""

SPLIT_WORDS = {"validation": "val"}


def file_name(kind: str, split: str) -> str:
    """The authors' name of a list: `val` where the folder is called validation."""
    return FILES[kind].format(split=SPLIT_WORDS.get(split, split))


def write_image_list(
    sink: BinaryIO, categories: pa.Table, images: Iterable[pa.Table | pa.RecordBatch]
) -> int:
    """A COCO file of images and categories without annotations; how many images it lists."""
    options = CocoOptions()
    sink.write(b'{"info":{},"licenses":[],"images":[')
    count = write_list(sink, (image_records(batch, options) for batch in images))
    sink.write(b'],"categories":[')
    layouts = category_layouts(categories, options).values()
    write_list(sink, [[msgspec.json.encode(one.record) for one in layouts]])
    sink.write(b"]}\n")
    return count


def write_queries(sink: BinaryIO, items: Iterable[pa.Table | pa.RecordBatch]) -> int:
    """Consumers' items as the authors list them: image, style, class, pair and corner box."""
    return _write_objects(sink, items, image="query_image_id", with_class=True)


def write_gallery(sink: BinaryIO, items: Iterable[pa.Table | pa.RecordBatch]) -> int:
    """Shops' items as the authors list them: image, style, pair and corner box."""
    return _write_objects(sink, items, image="gallery_image_id", with_class=False)


def _write_objects(
    sink: BinaryIO, items: Iterable[pa.Table | pa.RecordBatch], *, image: str, with_class: bool
) -> int:
    def record(row: dict[str, Any]) -> bytes:
        found = {image: row["image_id"], "style": row["style"]}
        if with_class:
            found["cls"] = row["category_id"]
        box = [number_of(row[edge]) for edge in ("x1", "y1", "x2", "y2")]
        return msgspec.json.encode(found | {"pair_id": row["pair_id"], "bbox": box})

    sink.write(b"[")
    count = write_list(sink, ([record(row) for row in batch.to_pylist()] for batch in items))
    sink.write(b"]\n")
    return count

"""JSON lists as the authors publish them: images to predict on, retrieval queries, gallery.

An image list is a COCO file without annotations. Queries and gallery are lists of objects with
corner boxes and the authors' keys.
"""

from typing import Any, BinaryIO

import pyarrow as pa

from flows.exports.coco.layout import CocoOptions
from flows.exports.coco.writer import number_of, write_coco, write_list
from schemas.challenge import PHASES

FILES = {
    "keypoints": "keypoints_{split}_information.json",
    "consumer": "retrieval_{split}_consumer_information.json",
    "shop": "retrieval_{split}_shop_information.json",
    "query": "{split}_query.json",
    "gallery": "{split}_gallery.json",
}
"""The authors' file name of each list."""


def file_name(kind: str, split: str) -> str:
    """The authors' file name of a list; they abbreviate validation to `val`."""
    word = PHASES[split].word if split in PHASES else split
    return FILES[kind].format(split=word)


def write_author_list(sink: BinaryIO, kind: str, rows: pa.Table, categories: pa.Table) -> int:
    """Write the list of a kind; returns its records.

    `rows` are items for `query` and `gallery`: consumers' items with image, style, class, pair and
    corner box; shops' items without class. For the other kinds they are images.
    """
    if kind not in ("query", "gallery"):
        return write_coco(sink, categories, images=[rows], items=None, options=CocoOptions()).images
    sink.write(b"[")
    count = write_list(sink, (_item(kind, row) for row in rows.to_pylist()))
    sink.write(b"]\n")
    return count


def _item(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    values = {f"{kind}_image_id": row["image_id"], "style": row["style"]}
    if kind == "query":
        values["cls"] = row["category_id"]
    box = [number_of(row[edge]) for edge in ("x1", "y1", "x2", "y2")]
    return values | {"pair_id": row["pair_id"], "bbox": box}

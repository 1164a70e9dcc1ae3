"""COCO writer: batches of items -> one COCO JSON file, in constant memory.

Whole numbers are written without a decimal point, others in their shortest form; the official
layout writes keypoints with a point, as the authors' converter does. `area` is the area of the box
in both layouts, because the authors' OKS constants were fitted to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pyarrow as pa

from flows.exports.coco.layout import CategoryLayout, CocoOptions, category_layouts
from flows.exports.item_rows import ItemRow, item_rows

_encode = msgspec.json.Encoder().encode

LABELS = ("scale", "occlusion", "zoom_in", "viewpoint", "source")


@dataclass(frozen=True)
class CocoCounts:
    """Numbers of records in a COCO file."""

    images: int
    annotations: int
    categories: int


def write_coco(
    sink: BinaryIO,
    categories: pa.Table,
    *,
    images: Iterable[pa.Table | pa.RecordBatch],
    items: Iterable[pa.Table] | None,
    options: CocoOptions,
    outlined: bool = True,
    info: Mapping[str, Any] | None = None,
) -> CocoCounts:
    """Write a COCO file to `sink`: images, then annotations numbered from 1, then categories.

    `images` are consumed before `items` (rows of coco_annotations); both are ordered by image_id.
    Without `items` the file has no annotations. Without `outlined` (the source has no polygons)
    `segmentation` is left out: readers treat an empty one as an error. `info` describes the file.
    """
    layouts = category_layouts(categories, options)
    sink.write(b'{"info":' + _encode(info or {}) + b',"licenses":[],"images":[')
    image_records = (_image(row, options) for batch in images for row in batch.to_pylist())
    image_count = write_list(sink, image_records)
    annotation_count = 0
    if items is not None:
        sink.write(b'],"annotations":[')
        rows = chain.from_iterable(map(item_rows, items))
        outlined = outlined and options.outlines
        annotations = (
            _annotation(row, number, layouts[row["category_id"]], options, outlined)
            for number, row in enumerate(rows, start=1)
        )
        annotation_count = write_list(sink, annotations)
    sink.write(b'],"categories":[')
    write_list(sink, (layout.record for layout in layouts.values()))
    sink.write(b"]}\n")
    return CocoCounts(image_count, annotation_count, len(layouts))


def write_list(sink: BinaryIO, records: Iterable[dict[str, Any]]) -> int:
    """Write records as JSON, separated by commas; returns their number."""
    count = 0
    for count, record in enumerate(records, start=1):
        sink.write((b"," if count > 1 else b"") + _encode(record))
    return count


def _image(row: dict[str, Any], options: CocoOptions) -> dict[str, Any]:
    """A COCO image; an unknown width or height is left out."""
    record = {
        "coco_url": "",
        "date_captured": "",
        "file_name": row["file_name"],
        "flickr_url": "",
        "id": row["image_id"],
        "license": 0,
    }
    optional = ["width", "height"]
    if not options.official:
        optional += ["source", "pair_id", "image_status"]
    return record | _present(row, optional)


def _annotation(
    row: ItemRow, number: int, layout: CategoryLayout, options: CocoOptions, outlined: bool
) -> dict[str, Any]:
    x1, y1, width, height = row["x1"], row["y1"], row["x2"] - row["x1"], row["y2"] - row["y1"]
    record = {
        "area": number_of(width * height),
        "bbox": [number_of(value) for value in (x1, y1, width, height)],
        "category_id": row["category_id"],
        "id": number,
        "image_id": row["image_id"],
        "iscrowd": 0,
    }
    record |= _present(row, ("pair_id", "style"))
    if row["box_from"] != "source":
        record["bbox_from"] = row["box_from"]
    if not options.official:
        record["item_no"] = row["item_no"]
        record["attributes"] = _present(row, LABELS)
    if layout.length:
        record |= _keypoints(row["landmarks"], layout, options)
    if outlined:
        polygons = _encode([polygon.tolist() for polygon in row["polygons"]])
        record["segmentation"] = msgspec.Raw(_integers_without_point(polygons))
    return record


def _present(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if row.get(name) is not None}


def _keypoints(
    landmarks: np.ndarray, layout: CategoryLayout, options: CocoOptions
) -> dict[str, Any]:
    """The landmarks in the slots of their category; the official layout has zeros in all others."""
    points = landmarks[:, 1:]
    if options.visible_only:
        points = np.where(points[:, 2:] == 2, points, 0.0)
    own = np.zeros((layout.width, 3))
    own[layout.places[landmarks[:, 0].astype(np.int64) - 1]] = points
    text = _encode(own.ravel().tolist())
    if options.official:
        before, after = layout.first, layout.length - layout.first - layout.width
        text = b"[" + b"0.0," * (3 * before) + text[1:-1] + b",0.0" * (3 * after) + b"]"
    else:
        text = _integers_without_point(text)
    labelled = int(np.count_nonzero(points[:, 2]))
    return {"num_keypoints": labelled, "keypoints": msgspec.Raw(text)}


def number_of(value: float) -> int | float:
    """A whole number as an integer, another as it is."""
    return int(value) if value.is_integer() else value


def _integers_without_point(text: bytes) -> bytes:
    """JSON of floats with whole numbers as integers: `.0` can only end a number's digits."""
    return text.replace(b".0,", b",").replace(b".0]", b"]")

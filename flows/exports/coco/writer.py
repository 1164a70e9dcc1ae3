"""COCO writer: batches of annotations -> one COCO JSON file, in constant memory.

Whole numbers are written without a decimal point, others in their shortest form; the official
layout writes keypoints with a point, as the authors' converter does. `area` is the area of the box
in both layouts, because the authors' OKS constants were fitted to it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.annotation_batch import AnnotationBatch, numbers, rows_of_items
from flows.exports.coco.layout import CategoryLayout, CocoOptions, category_layouts
from schemas.vocabulary import OCCLUDED, UNLABELLED, VISIBLE

COCO_VISIBILITY = pa.array([UNLABELLED, OCCLUDED, VISIBLE])
"""Visibilities in the order of COCO's codes 0, 1, 2."""

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
    slices: Iterable[AnnotationBatch],
    options: CocoOptions,
    outlined: bool = True,
) -> CocoCounts:
    """Write a COCO file to `sink`: images, then annotations numbered from 1, then categories.

    `images` are consumed before `slices`; both are ordered by image_id. Without `outlined` (the
    source has no polygons) `segmentation` is left out: readers treat an empty one as an error.
    """
    layouts = category_layouts(categories, options)
    sink.write(b'{"info":{},"licenses":[],"images":[')
    image_count = write_list(sink, (image_records(batch, options) for batch in images))
    sink.write(b'],"annotations":[')
    annotations = _Annotations(layouts, options, outlined and options.outlines)
    annotation_count = write_list(sink, map(annotations.records, slices))
    sink.write(b'],"categories":[')
    records = [msgspec.json.encode(layout.record) for layout in layouts.values()]
    write_list(sink, [records])
    sink.write(b"]}\n")
    return CocoCounts(image_count, annotation_count, len(records))


def image_records(images: pa.Table | pa.RecordBatch, options: CocoOptions) -> list[bytes]:
    """Each image as its COCO record in JSON; an unknown width or height is left out."""
    return [msgspec.json.encode(_image(row, options)) for row in images.to_pylist()]


def _image(row: dict[str, Any], options: CocoOptions) -> dict[str, Any]:
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
    return record | {name: row[name] for name in optional if row.get(name) is not None}


def write_list(sink: BinaryIO, batches: Iterable[list[bytes]]) -> int:
    """Write records separated by commas, batch by batch; returns their number."""
    count = 0
    for records in batches:
        if records:
            sink.write((b"," if count else b"") + b",".join(records))
        count += len(records)
    return count


class _Annotations:
    """Encodes batches as annotation records; ids are numbered from 1 across batches."""

    def __init__(
        self, layouts: dict[int, CategoryLayout], options: CocoOptions, outlines: bool
    ) -> None:
        self.layouts = layouts
        self.options = options
        self.outlines = outlines
        self.next_id = 1

    def records(self, batch: AnnotationBatch) -> list[bytes]:
        """The annotations of a batch as JSON, in its order."""
        parts: list[Iterator[dict[str, Any]]] = [self._plain(batch.items)]
        if any(layout.length for layout in self.layouts.values()):
            parts.append(self._keypoints(batch))
        if self.outlines:
            parts.append(_segmentations(batch))
        encode = msgspec.json.Encoder().encode
        # Each part gives some fields of every record.
        return [encode(reduce(or_, fields)) for fields in zip(*parts, strict=True)]

    def _plain(self, items: pa.Table) -> Iterator[dict[str, Any]]:
        x1, y1, x2, y2 = (numbers(items, name) for name in ("x1", "y1", "x2", "y2"))
        boxes = np.column_stack((x1, y1, x2 - x1, y2 - y1))
        areas = (boxes[:, 2] * boxes[:, 3]).tolist()
        for row, box, area in zip(_label_rows(items), boxes.tolist(), areas, strict=True):
            record = {
                "area": number_of(area),
                "bbox": _numbers(box),
                "category_id": row["category_id"],
                "id": self.next_id,
                "image_id": row["image_id"],
                "iscrowd": 0,
            }
            record |= {name: row[name] for name in ("pair_id", "style") if row[name] is not None}
            if row["box_from"] != "source":
                record["bbox_from"] = row["box_from"]
            if not self.options.official:
                record["item_no"] = row["item_no"]
                record["attributes"] = {name: row[name] for name in LABELS if row[name] is not None}
            self.next_id += 1
            yield record

    def _keypoints(self, batch: AnnotationBatch) -> Iterator[dict[str, Any]]:
        points = landmark_triples(batch.landmarks)
        if self.options.visible_only:
            points[points[:, 2] != 2] = 0.0
        labelled = np.concatenate(([0], np.cumsum(points[:, 2] > 0)))
        places = numbers(batch.landmarks, "landmark_no") - 1
        starts, stops = rows_of_items(batch.items, batch.landmarks)
        counts = (labelled[stops] - labelled[starts]).tolist()
        categories = batch.items["category_id"].to_pylist()
        layout_text = _padded_to_slots if self.options.official else _own_points
        spans = zip(categories, starts.tolist(), stops.tolist(), counts, strict=True)
        for category, start, stop, count in spans:
            layout = self.layouts[category]
            if not layout.length:
                yield {}
                continue
            own = np.zeros((layout.width, 3))
            own[layout.places[places[start:stop]]] = points[start:stop]
            numbers_text = msgspec.json.encode(own.ravel().tolist())
            yield {
                "num_keypoints": count,
                "keypoints": msgspec.Raw(layout_text(numbers_text, layout)),
            }


def landmark_triples(landmarks: pa.Table) -> np.ndarray:
    """Landmarks as rows of x, y and COCO's code (2 visible, 1 occluded, 0 unlabelled at 0, 0)."""
    codes = pc.index_in(landmarks["visibility"], value_set=COCO_VISIBILITY).to_numpy()
    x, y = numbers(landmarks, "x"), numbers(landmarks, "y")
    return np.column_stack((x, y, codes)).astype(np.float64)


def _segmentations(batch: AnnotationBatch) -> Iterator[dict[str, Any]]:
    polygons = batch.polygons["points"].combine_chunks()
    # flatten() takes the offset of a sliced array into account, `offsets` does not.
    values = polygons.flatten().to_numpy(zero_copy_only=False).tolist()
    bounds = (polygons.offsets.to_numpy() - polygons.offsets.to_numpy()[0]).tolist()
    starts, stops = rows_of_items(batch.items, batch.polygons)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        outline = [values[bounds[k] : bounds[k + 1]] for k in range(start, stop)]
        yield {"segmentation": _numbers(outline)}


def _label_rows(items: pa.Table) -> list[dict[str, Any]]:
    unused = {"x1", "y1", "x2", "y2", "polygon_count"}
    return items.drop_columns(sorted(unused & set(items.schema.names))).to_pylist()


def number_of(value: float) -> int | float:
    """A whole number as an integer, another as it is."""
    return int(value) if value.is_integer() else value


def _numbers(values: list[Any]) -> msgspec.Raw:
    return msgspec.Raw(_integers_without_point(msgspec.json.encode(values)))


def _integers_without_point(text: bytes) -> bytes:
    """JSON of floats with whole numbers as integers: `.0` can only end a number's digits."""
    return text.replace(b".0,", b",").replace(b".0]", b"]")


def _own_points(text: bytes, _: CategoryLayout) -> bytes:
    """The numbers of the category's own landmarks."""
    return _integers_without_point(text)


def _padded_to_slots(text: bytes, layout: CategoryLayout) -> bytes:
    """The category's numbers in its slots of the long list; zeros in all others."""
    before, after = layout.first, layout.length - layout.first - layout.width
    return b"[" + b"0.0," * (3 * before) + text[1:-1] + b",0.0" * (3 * after) + b"]"

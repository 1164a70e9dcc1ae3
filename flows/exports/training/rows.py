"""Rows of a training set: one per image or item, with its picture and its annotations."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from flows.exports.annotation_batch import AnnotationBatch, items_of_images, numbers, rows_of_items
from flows.exports.coco.writer import landmark_triples
from flows.exports.training.options import TrainingOptions
from flows.exports.training.pictures import Prepared, prepare
from flows.pictures import PictureError
from schemas.errors import InputError

ReadPictures = Callable[[pa.Table], Iterable[bytes | None]]
"""The picture files of some images (`image_id`, `file_name`) in order; None if missing."""

PICTURES_AT_ONCE = 64

NO_REGION = "the box is missing, empty or outside of the picture"


class LeftOut(NamedTuple):
    """A row that could not be made; `item_no` is 0 for a whole image."""

    image_id: int
    item_no: int
    reason: str


def training_rows(
    images: pa.Table,
    batch: AnnotationBatch,
    *,
    options: TrainingOptions,
    labels: dict[int, int],
    identities: np.ndarray,
    read: ReadPictures,
    skip: int = 0,
    take: int | None = None,
) -> Iterator[dict[str, Any] | LeftOut]:
    """One row for each image, or for each item when items are cut out, in the order of the batch.

    `labels` maps a category's number to its place among the names; `identities` has a value for
    each item. Yields `take` rows after `skip`. Coordinates are transformed with the picture. A
    picture that cannot be read or decoded gives a LeftOut.
    """
    items = _Items(batch, labels, identities)
    starts, stops = items_of_images(images, batch.items)
    end = None if take is None else skip + take
    if options.crop_items:
        last_item = len(batch.items) if end is None else end
        starts, stops = np.clip(starts, skip, last_item), np.clip(stops, skip, last_item)
        shown = starts < stops
        images, starts, stops = images.filter(shown), starts[shown], stops[shown]
    else:
        images, starts, stops = images[skip:end], starts[skip:end], stops[skip:end]
    for image, first, last, data in _with_pictures(images, starts, stops, read):
        spans = [(k, k + 1) for k in range(first, last)] if options.crop_items else [(first, last)]
        for start, stop in spans:
            item_no = items.item_no[start] if options.crop_items else 0
            if data is None:
                yield LeftOut(image["image_id"], item_no, "the picture cannot be read")
                continue
            region = items.boxes[start] if options.crop_items else None
            try:
                picture = prepare(data, options, region)
            except PictureError as error:
                yield LeftOut(image["image_id"], item_no, f"the picture cannot be decoded: {error}")
                continue
            if picture is None:
                yield LeftOut(image["image_id"], item_no, NO_REGION)
                continue
            yield _common(image, picture, item_no) | _annotations(
                items, image, picture, options, start, stop
            )


def _with_pictures(
    images: pa.Table, starts: np.ndarray, stops: np.ndarray, read: ReadPictures
) -> Iterator[tuple[dict[str, Any], int, int, bytes | None]]:
    """Each image with the span of its items and its picture, some pictures read at a time."""
    for at in range(0, images.num_rows, PICTURES_AT_ONCE):
        end = at + PICTURES_AT_ONCE
        chunk = images[at:end]
        spans = starts[at:end].tolist(), stops[at:end].tolist()
        yield from zip(chunk.to_pylist(), *spans, read(chunk), strict=True)


def _common(image: dict[str, Any], picture: Prepared, item_no: int) -> dict[str, Any]:
    stem = image["file_name"].rsplit(".", 1)[0]
    name = f"{stem}_{item_no}" if item_no else stem
    return {
        "image": {"bytes": picture.data, "path": name + picture.ending},
        "image_id": image["image_id"],
        "width": picture.width,
        "height": picture.height,
    }


def _annotations(
    items: "_Items",
    image: dict[str, Any],
    picture: Prepared,
    options: TrainingOptions,
    start: int,
    stop: int,
) -> dict[str, Any]:
    if options.task == "classification":
        if stop - start != 1:
            raise InputError(
                f"{image['file_name']} shows {stop - start} items, but a class needs one: "
                "cut them out with --crop items."
            )
        return {"item_no": items.item_no[start], "label": items.category[start]}
    if options.task == "retrieval":
        return {
            "item_no": items.item_no[start],
            "category": items.category[start],
            "source": image["source"],
            "pair_id": image["pair_id"],
            "style": items.style[start],
            "identity": items.identity[start],
        }
    columns = items.columns(picture, options, start, stop)
    if options.crop_items:
        return {name: values[0] for name, values in columns.items()}
    return {"objects": columns}


class _Items:
    """The items of a batch by position, with their boxes, landmarks and polygons."""

    def __init__(
        self, batch: AnnotationBatch, labels: dict[int, int], identities: np.ndarray
    ) -> None:
        self.item_no: list[int] = batch.items["item_no"].to_pylist()
        self.category = [labels[number] for number in batch.items["category_id"].to_pylist()]
        self.style = batch.items["style"].to_pylist()
        self.identity: list[int] = identities.tolist()
        edges = [numbers(batch.items, name) for name in ("x1", "y1", "x2", "y2")]
        self.boxes: list[tuple[float, float, float, float]] = list(
            zip(*(edge.tolist() for edge in edges), strict=True)
        )
        self._corners = np.column_stack(edges).reshape(-1, 2, 2)
        self._landmarks = landmark_triples(batch.landmarks)
        self._landmark_spans = rows_of_items(batch.items, batch.landmarks)
        points = batch.polygons["points"].combine_chunks()
        self._points = points.flatten().to_numpy(zero_copy_only=False)
        self._bounds = points.offsets.to_numpy() - points.offsets.to_numpy()[0]
        self._polygon_spans = rows_of_items(batch.items, batch.polygons)

    def columns(
        self, picture: Prepared, options: TrainingOptions, start: int, stop: int
    ) -> dict[str, list[Any]]:
        """Annotations of some items, one list per column, in pixels of the picture."""
        boxes = [self._box(picture, k) for k in range(start, stop)]
        columns: dict[str, list[Any]] = {
            "item_no": self.item_no[start:stop],
            "bbox": boxes,
            "area": [box[2] * box[3] for box in boxes],
            "category": self.category[start:stop],
        }
        if options.task == "landmarks":
            columns["landmarks"] = [self._points_of(picture, k) for k in range(start, stop)]
        if options.task == "segmentation":
            columns["polygons"] = [self._outlines(picture, k) for k in range(start, stop)]
        return columns

    def _box(self, picture: Prepared, item: int) -> list[float]:
        (x1, y1), (x2, y2) = picture.transform.apply(self._corners[item])
        return [float(x1), float(y1), float(x2 - x1), float(y2 - y1)]

    def _points_of(self, picture: Prepared, item: int) -> list[list[float]]:
        starts, stops = self._landmark_spans
        points = self._landmarks[starts[item] : stops[item]]
        transformed = points.copy()
        transformed[:, :2] = picture.transform.apply(points[:, :2])
        transformed[points[:, 2] == 0] = 0.0
        return transformed.tolist()

    def _outlines(self, picture: Prepared, item: int) -> list[list[float]]:
        starts, stops = self._polygon_spans
        outlines = []
        for polygon in range(starts[item], stops[item]):
            flat = self._points[self._bounds[polygon] : self._bounds[polygon + 1]]
            outlines.append(picture.transform.apply(flat).tolist())
        return outlines

"""Images as a web page shows them: rows of the tables in, rows by image and SVG out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from flows.exports.drawing.annotated import (
    PredictedItem,
    annotated_items,
    turned_points,
)
from flows.exports.drawing.overlay import svg_overlay
from flows.pipelines.image_filter import ImageKey

_SWAPPED = range(5, 9)  # orientations that exchange width and height

Row = dict[str, Any]


@dataclass(frozen=True)
class ImageView:
    """An image as shown: its rows of the tables, and its annotations as SVG.

    `size` is that of the picture as shown, or of its annotations where that is unknown. Landmarks
    and polygons are left out where they are not named.
    """

    row: Row
    items: Sequence[Row]
    landmarks: Sequence[Row]
    polygons: Sequence[Row]
    size: tuple[int, int]
    overlay: Markup

    @property
    def key(self) -> ImageKey:
        """Data set, split and number."""
        return self.row["dataset"], self.row["split"], self.row["image_id"]


def image_views(
    rows: Sequence[Row],
    items: pa.Table,
    landmarks: pa.Table,
    polygons: pa.Table,
    predicted: Mapping[ImageKey, Sequence[PredictedItem]],
    *,
    named: bool = False,
) -> list[ImageView]:
    """Images with their annotations drawn, in the order of `rows` of images.

    `named`: landmarks have numbers and names.
    """
    drawn = annotated_items(items, landmarks, polygons)
    # Rows of landmarks are many, and a grid shows none of them.
    tables = (items, *((landmarks, polygons) if named else (landmarks[:0], polygons[:0])))
    by_image = [rows_by_image(table) for table in tables]
    views = []
    for row in rows:
        key = (row["dataset"], row["split"], row["image_id"])
        own = drawn.get(key, ())
        own_items, own_landmarks, own_polygons = (groups.get(key, []) for groups in by_image)
        width, height = row["width"], row["height"]
        stored = (width, height) if width and height else _extent(own)
        orientation = row["orientation"]
        shown = stored[::-1] if orientation in _SWAPPED else stored
        turn = turned_points(orientation, stored)
        names = [_names(own_landmarks, item.item_no) for item in own] if named else ()
        overlay = svg_overlay(shown, turn, own, predicted.get(key, ()), names=names)
        views.append(ImageView(row, own_items, own_landmarks, own_polygons, shown, overlay))
    return views


def rows_by_image(rows: pa.Table) -> dict[ImageKey, list[Row]]:
    """The rows of each image, in their order."""
    by_image: dict[ImageKey, list[Row]] = defaultdict(list)
    for row in rows.to_pylist():
        by_image[row["dataset"], row["split"], row["image_id"]].append(row)
    return by_image


def _names(landmarks: Sequence[Row], item_no: int) -> list[str | None]:
    """The names of the landmarks of an item, in their order."""
    return [mark["landmark_name"] for mark in landmarks if mark["item_no"] == item_no]


def _extent(items: Sequence[Any]) -> tuple[int, int]:
    """The size of a canvas for annotations whose picture is unknown."""
    edges = [item.box[2:] for item in items if item.box]
    edges += [mark.place for item in items for mark in item.landmarks if mark.place]
    edges += [point for item in items for polygon in item.polygons for point in polygon]
    if not edges:
        return (300, 400)
    x, y = zip(*edges, strict=True)
    return (max(1, round(max(x))), max(1, round(max(y))))

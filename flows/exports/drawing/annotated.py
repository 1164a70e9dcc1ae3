"""Annotated pictures as values: a picture and its items, made from rows of the tables."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
from PIL import Image

from schemas.categories import Edge, category
from schemas.table import ImageKey

Point = tuple[float, float]


class Landmark(NamedTuple):
    """One landmark in stored pixels; x and y are None when it is not labelled."""

    x: float | None
    y: float | None
    visibility: str

    @property
    def place(self) -> Point | None:
        """x and y; None when it is not labelled."""
        return None if self.x is None or self.y is None else (self.x, self.y)


@dataclass(frozen=True)
class AnnotatedItem:
    """One item as drawn: coordinates are stored pixels, landmarks in the category's order."""

    item_no: int
    category_name: str
    style: int | None
    box: tuple[float, float, float, float] | None
    landmarks: tuple[Landmark, ...]
    polygons: tuple[tuple[Point, ...], ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class PredictedItem:
    """One prediction as drawn, in stored pixels: the parts that its task predicts.

    `landmarks` are in the category's order, None where a point is predicted absent; `outlines` are
    the edges of a mask. `row` is its record in the prediction files.
    """

    row: int
    category_name: str
    score: float | None = None
    box: tuple[float, float, float, float] | None = None
    landmarks: tuple[Point | None, ...] = ()
    outlines: tuple[tuple[Point, ...], ...] = ()
    edges: tuple[Edge, ...] = ()

    @property
    def extent(self) -> tuple[float, float, float, float] | None:
        """The box, else the smallest one around all points; None without any."""
        points = [point for line in (self.landmarks, *self.outlines) for point in line if point]
        if self.box or not points:
            return self.box
        x, y = zip(*points, strict=True)
        return (min(x), min(y), max(x), max(y))


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture and its items. `picture` is None where the file is missing or unreadable.

    `predictions` are drawn over the items; None where the drawing is not about predictions.
    """

    dataset: str
    split: str
    image_id: int
    picture: Image.Image | None
    items: tuple[AnnotatedItem, ...] = ()
    source: str | None = None
    pair_id: int | None = None
    size: tuple[int, int] | None = None
    predictions: tuple[PredictedItem, ...] | None = None


def annotated_items(
    items: pa.Table, landmarks: pa.Table, polygons: pa.Table
) -> dict[ImageKey, tuple[AnnotatedItem, ...]]:
    """Rows of the three tables, as declared, grouped by image; items by number.

    For the few images that are drawn, not for a split.
    """
    points: dict[tuple, list[Landmark]] = defaultdict(list)
    for row in sorted(landmarks.to_pylist(), key=lambda row: row["landmark_no"]):
        points[_item_key(row)].append(Landmark(row["x"], row["y"], row["visibility"]))
    outlines: dict[tuple, list[tuple[Point, ...]]] = defaultdict(list)
    for row in sorted(polygons.to_pylist(), key=lambda row: row["polygon_no"]):
        flat = row["points"]
        outlines[_item_key(row)].append(tuple(zip(flat[::2], flat[1::2], strict=True)))
    by_image: dict[ImageKey, list[AnnotatedItem]] = defaultdict(list)
    for row in sorted(items.to_pylist(), key=lambda row: row["item_no"]):
        key = _item_key(row)
        box = (row["x1"], row["y1"], row["x2"], row["y2"])
        by_image[row["dataset"], row["split"], row["image_id"]].append(
            AnnotatedItem(
                row["item_no"],
                row["category_name"],
                row["style"],
                None if None in box else box,
                tuple(points[key]),
                tuple(outlines[key]),
                category(row["dataset"], row["category_id"]).edges,
            )
        )
    return {key: tuple(group) for key, group in by_image.items()}


def _item_key(row: dict[str, Any]) -> tuple:
    return (row["dataset"], row["split"], row["image_id"], row["item_no"])


def apply_orientation(
    picture: Image.Image,
) -> tuple[Image.Image, Callable[[float, float], Point]]:
    """The picture as viewers show it, with its EXIF orientation applied, and where its points go.

    Annotations are in stored pixels, and most viewers apply the orientation.
    """
    orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
    return turn_picture(picture, orientation), turned_points(orientation, picture.size)


def turn_picture(picture: Image.Image, orientation: int | None) -> Image.Image:
    """The picture of stored pixels as viewers show it."""
    if orientation not in _TURNS:
        return picture
    return picture.transpose(_TURNS[orientation][0])


def turned_points(
    orientation: int | None, size: tuple[int, int]
) -> Callable[[float, float], Point]:
    """Where a point goes when a picture of this size in stored pixels is turned."""
    if orientation not in _TURNS:
        return lambda x, y: (x, y)
    turn = _TURNS[orientation][1]
    return lambda x, y: turn(x, y, *size)


_EXIF_ORIENTATION = 0x0112
_Turn = tuple[Image.Transpose, Callable[[float, float, int, int], Point]]
_TURNS: dict[int, _Turn] = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT, lambda x, y, w, h: (w - x, y)),
    3: (Image.Transpose.ROTATE_180, lambda x, y, w, h: (w - x, h - y)),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, lambda x, y, w, h: (x, h - y)),
    5: (Image.Transpose.TRANSPOSE, lambda x, y, w, h: (y, x)),
    6: (Image.Transpose.ROTATE_270, lambda x, y, w, h: (h - y, x)),
    7: (Image.Transpose.TRANSVERSE, lambda x, y, w, h: (h - y, w - x)),
    8: (Image.Transpose.ROTATE_90, lambda x, y, w, h: (y, w - x)),
}

"""Label files of YOLO: an item comes in, a line of numbers relative to the picture's size goes out.

- `detection`: class, center x, center y, width, height;
- `pose`: the same, then x, y and visibility (0 not labelled, 1 occluded, 2 visible) for each place
  in the data set's long list of landmarks, zeros outside the places of the item's category;
- `segmentation`: class, then x and y of each point of the item's first polygon.

Ultralytics drops the whole picture when a number is outside of it. So boxes and polygons are
clipped, and a landmark outside of the picture is written as not labelled.
"""

from typing import Literal, NamedTuple

import numpy as np

from flows.exports.coco.layout import CategoryLayout
from flows.exports.item_rows import ItemRow
from flows.exports.training.rows import NO_REGION

Task = Literal["detection", "pose", "segmentation"]

NO_POLYGON = "without polygon"


class Label(NamedTuple):
    """A line of a label file; else `left_out` is the reason why the item has none."""

    line: str = ""
    left_out: str = ""
    landmarks_outside: int = 0


def label_of(
    item: ItemRow, size: tuple[int, int], *, task: Task, number: int, layout: CategoryLayout
) -> Label:
    """The line of an item in a picture of `size` (width, height) in pixels.

    `number` is the class, from 0. `layout` has the places of the category's landmarks.
    """
    if task == "segmentation":
        return _outline(item, size, number)
    box = np.clip([item["x1"], item["y1"], item["x2"], item["y2"]], 0, size * 2) / (size * 2)
    x1, y1, x2, y2 = box.tolist()
    if not (x1 < x2 and y1 < y2):
        return Label(left_out=NO_REGION)
    line = _line(number, np.array([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]))
    if task == "detection":
        return Label(line)
    points = item["landmarks"][:, 1:]
    labelled = points[:, 2] > 0
    inside = labelled & ((points[:, :2] >= 0) & (points[:, :2] <= size)).all(axis=1)
    own = np.zeros((layout.width, 3))
    places = layout.places[item["landmarks"][:, 0].astype(np.int64) - 1]
    own[places[inside]] = points[inside] / (*size, 1)
    after = layout.length - layout.first - layout.width
    line += " 0" * (3 * layout.first) + _numbers(own.ravel()) + " 0" * (3 * after)
    return Label(line, landmarks_outside=int(labelled.sum() - inside.sum()))


def _outline(item: ItemRow, size: tuple[int, int], number: int) -> Label:
    # The first polygon is the whole item, the others are parts of it. Joined into one outline, as
    # Ultralytics' converter does, the parts would be holes: it fills by the even-odd rule.
    if not item["polygons"]:
        return Label(left_out=NO_POLYGON)
    points = np.clip(item["polygons"][0].reshape(-1, 2), 0, size) / size
    if not np.ptp(points, axis=0).all():
        return Label(left_out=NO_REGION)
    return Label(_line(number, points.ravel()))


def _line(number: int, values: np.ndarray) -> str:
    return str(number) + _numbers(values)


def _numbers(values: np.ndarray) -> str:
    """Six significant digits: a thousandth of a pixel in a picture of 1,000 pixels."""
    return "".join(f" {value:.6g}" for value in values.tolist())

"""Documents of scenes: a scene -> one JSON object as under annos/, with the source's quirks."""

import json
from math import ceil, floor
from random import Random
from typing import Any

from flows.samples.deepfashion2_scenes import Garment, Scene
from schemas.categories import CATEGORIES

# A document was a Python 2 dict, dumped in the order of its hash table: by the number of items.
KEY_ORDERS = {
    1: ("source", "pair_id", "item1"),
    2: ("item2", "source", "pair_id", "item1"),
    3: ("item2", "source", "pair_id", "item1", "item3"),
    4: ("item2", "item3", "item1", "item4", "source", "pair_id"),
}
_NAMES = {category.category_id: category.name for category in CATEGORIES["deepfashion2"]}

Points = list[list[float]]


def document(scene: Scene, rng: Random) -> bytes:
    """One JSON object on one line, as under annos/.

    A garment that is almost outside the picture has no item; the others are numbered at random. The
    product's own garment is always inside.
    """
    items = [item for garment in scene.garments if (item := _item(garment, scene, rng))]
    rng.shuffle(items)
    named: dict[str, Any] = {f"item{place}": item for place, item in enumerate(items, start=1)}
    named |= {"source": scene.source, "pair_id": scene.pair_id}
    return json.dumps({key: named[key] for key in KEY_ORDERS[len(items)]}).encode()


def _item(garment: Garment, scene: Scene, rng: Random) -> dict[str, Any] | None:
    width, height = scene.width, scene.height
    points: Points = garment.points.tolist()
    count = garment.shape.landmarks
    landmarks: list[int] = []
    outside = occluded = 0
    for number in range(count):
        x, y = points[number]
        if not (0 <= x <= width and 0 <= y <= height):
            outside += 1
            landmarks += (0, 0, 0)
        elif number in garment.hidden:
            occluded += 1
            landmarks += (round(x), round(y), 1)
        else:
            landmarks += (round(x), round(y), 2)

    low, high = garment.points.min(axis=0), garment.points.max(axis=0)
    crosses = low.min() < 0 or high[0] > width or high[1] > height
    exact = rng.random() < 0.3  # outlines are whole pixels in some items, hundredths in others
    rings = [garment.shape.outline]
    if rng.random() < 0.85:
        rings += garment.shape.parts
    polygons = []
    for ring in rings:
        corners = [points[place] for place in ring]
        if crosses:
            corners = _clipped(corners, float(width), float(height))
        flat = _flat(corners, exact=exact, closed=not exact or rng.random() < 0.6)
        if len(flat) >= 8:
            polygons.append(flat)
        elif ring is rings[0]:
            return None
    xs, ys = polygons[0][0::2], polygons[0][1::2]
    box = [
        max(0, floor(min(xs)) - rng.randrange(8)),
        max(0, floor(min(ys)) - rng.randrange(12)),
        min(width, ceil(max(xs)) + rng.randrange(-1, 6)),
        min(height, ceil(max(ys)) + rng.randrange(-1, 6)),
    ]
    if box[2] - box[0] < 6 or box[3] - box[1] < 6:
        return None
    area = (box[2] - box[0]) * (box[3] - box[1]) / (width * height)
    return {
        "segmentation": polygons,
        "scale": 1 if area < 0.1 else 2 if area <= 0.4 else 3,
        "viewpoint": scene.viewpoint,
        "zoom_in": _label(outside / count, 0.001, 0.3, rng),
        "landmarks": landmarks,
        "style": garment.style.number,
        "bounding_box": box,
        "category_id": garment.shape.category_id,
        "occlusion": _label(occluded / count, 0.2, 0.5, rng),
        "category_name": _NAMES[garment.shape.category_id],
    }


def _label(share: float, medium: float, large: float, rng: Random) -> int:
    """1, 2 or 3 by the bounds a share passes; one in 33 is off by one, as people label."""
    label = 1 if share < medium else 2 if share <= large else 3
    if rng.random() < 0.03:
        label = 2 if label != 2 else rng.choice((1, 3))
    return label


def _flat(corners: Points, *, exact: bool, closed: bool) -> list[float]:
    """x1, y1, x2, y2, ... as the source lists them, the first corner repeated when closed."""
    if closed and corners and corners[0] != corners[-1]:
        corners = [*corners, corners[0]]
    if exact:
        return [round(value, 2) for corner in corners for value in corner]
    return [round(value) for corner in corners for value in corner]


def _clipped(corners: Points, width: float, height: float) -> Points:
    """The part of a polygon inside the picture, edges included (Sutherland and Hodgman)."""
    for axis, bound, sign in ((0, 0.0, 1), (0, width, -1), (1, 0.0, 1), (1, height, -1)):
        kept: Points = []
        before = corners[-1] if corners else []
        for corner in corners:
            inside, inside_before = (corner[axis] - bound) * sign, (before[axis] - bound) * sign
            if (inside < 0) != (inside_before < 0):
                part = inside_before / (inside_before - inside)
                crossing = [a + part * (b - a) for a, b in zip(before, corner, strict=True)]
                crossing[axis] = bound
                kept.append(crossing)
            if inside >= 0:
                kept.append(corner)
            before = corner
        corners = kept
    return corners

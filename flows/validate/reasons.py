"""Why one item was refused, in a sentence with the path to the value at fault."""

import math
from collections.abc import Iterator
from typing import Any

from flows.validate.rules import MOST
from schemas.categories import category

EXCERPT = 200

# Where a source has another name for a field than the tables, people look for theirs.
_BOX_PATH = {"deepfashion2": ".bounding_box[{place}]"}
_POLYGON_PATH = {"deepfashion2": ".segmentation"}
_EDGES = ("x1", "y1", "x2", "y2")


def reason(rule: str, dataset: str, item: dict[str, Any]) -> tuple[str, str]:
    """The message and the excerpt for an item that breaks that rule."""
    path, text, value = _FINDERS[rule](dataset, item)
    return f"`{item['place']}{path}`: {text}", str(value)[:EXCERPT]


Fault = tuple[str, str, object]
"""The path below the item, what is wrong there, and the value."""


def _unknown_category(dataset: str, item: dict[str, Any]) -> Fault:
    return ".category_id", f"{dataset} defines no such category", item["category_id"]


def _landmark_count(dataset: str, item: dict[str, Any]) -> Fault:
    known, found = category(dataset, item["category_id"]), len(item["landmarks"])
    text = f"{found} landmarks, category {known.category_id} ({known.name}) has {known.landmarks}"
    return ".landmarks", text, [list(point.values()) for point in item["landmarks"][:10]]


def _odd_polygon(dataset: str, item: dict[str, Any]) -> Fault:
    for place, points in enumerate(item["polygons"]):
        if len(points) % 2 or len(points) < 6:
            text = f"{len(points)} numbers are no polygon of three points or more"
            return f"{_polygons(dataset)}[{place}]", text, points[:30]
    raise ValueError("no odd polygon in an item refused for one")


def _non_finite(dataset: str, item: dict[str, Any]) -> Fault:
    for path, value in _coordinates(dataset, item):
        if value is not None and not abs(value) <= MOST:
            text = "is no finite number" if not math.isfinite(value) else "is no number of pixels"
            return path, text, value
    raise ValueError("no senseless number in an item refused for one")


def _inverted_box(dataset: str, item: dict[str, Any]) -> Fault:
    box = [item[edge] for edge in _EDGES]
    path = _BOX_PATH.get(dataset, "").partition("[")[0]
    return path, "ends before it begins (x1, y1, x2, y2)", box


def _wrong_type(dataset: str, item: dict[str, Any]) -> Fault:
    nothing = [name for name, value in item.items() if value is None]
    return "", "null where a value is needed", nothing or item


def _coordinates(dataset: str, item: dict[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Every coordinate of an item with its path."""
    for place, edge in enumerate(_EDGES):
        yield _BOX_PATH.get(dataset, f".{edge}").format(place=place), item[edge]
    for place, point in enumerate(item["landmarks"]):
        flat = dataset == "deepfashion2"
        for offset, axis in enumerate("xy"):
            path = f"[{3 * place + offset}]" if flat else f"[{place}].{axis}"
            yield f".landmarks{path}", point[axis]
    for place, points in enumerate(item["polygons"]):
        for offset, value in enumerate(points):
            yield f"{_polygons(dataset)}[{place}][{offset}]", value


def _polygons(dataset: str) -> str:
    return _POLYGON_PATH.get(dataset, ".polygons")


_FINDERS = {
    "wrong_type": _wrong_type,
    "unknown_category": _unknown_category,
    "landmark_count": _landmark_count,
    "odd_polygon": _odd_polygon,
    "non_finite": _non_finite,
    "inverted_box": _inverted_box,
}

"""The annotation of an image as its source writes it, restored from rows of the tables."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from schemas.category_lists import FASHIONAI_POINTS
from schemas.vocabulary import DEEPFASHION2_CODES, DEEPFASHION2_VISIBILITY, FASHIONAI_VISIBILITY

Row = Mapping[str, Any]
Rows = Sequence[Row]

_CODES = {
    name: {word: code for code, word in words.items()} for name, words in DEEPFASHION2_CODES.items()
}


def source_document(image: Row, items: Rows, landmarks: Rows, polygons: Rows) -> str | None:
    """DeepFashion2's JSON, FashionAI's CSV, Fashion-MNIST's label; None without an annotation.

    Rows are those of one image, sorted by key. Spaces and the order of keys within an item are not
    kept in the tables.
    """
    if not image["annotated"]:
        return None
    return _WRITERS[image["dataset"]](image, items, landmarks, polygons)


def _deepfashion2(image: Row, items: Rows, landmarks: Rows, polygons: Rows) -> str:
    codes = {word: code for code, word in DEEPFASHION2_VISIBILITY.items()}
    points: dict[int, list[float]] = defaultdict(list)
    for mark in landmarks:
        place = (0, 0) if mark["x"] is None else (mark["x"], mark["y"])
        points[mark["item_no"]] += [*map(_number, place), codes[mark["visibility"]]]
    outlines: dict[int, list[list[float]]] = defaultdict(list)
    for polygon in polygons:
        outlines[polygon["item_no"]].append(polygon["points"])
    document: dict[str, Any] = {"source": image["source"], "pair_id": image["pair_id"]}
    for item in sorted(items, key=lambda item: item["document_order"]):
        document[f"item{item['item_no']}"] = {
            "segmentation": outlines[item["item_no"]],
            **{name: words.get(item[name]) for name, words in _CODES.items()},
            "landmarks": points[item["item_no"]],
            "style": item["style"],
            "bounding_box": [_number(item[edge]) for edge in ("x1", "y1", "x2", "y2")],
            "category_id": item["category_id"],
            "category_name": item["category_name"],
        }
    lines = (f"  {_json(key)}: {_json(value)}" for key, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _fashionai(image: Row, items: Rows, landmarks: Rows, polygons: Rows) -> str:
    codes = {word: code for code, word in FASHIONAI_VISIBILITY.items()}
    cells = dict.fromkeys(FASHIONAI_POINTS, "-1_-1_-1")
    for mark in landmarks:
        place = (-1, -1) if mark["x"] is None else (mark["x"], mark["y"])
        numbers = [*map(_number, place), codes[mark["visibility"]]]
        cells[mark["landmark_name"]] = "_".join(map(str, numbers))
    names = ["image_id", "image_category", *cells]
    values = [image["file_name"], *(item["category_name"] for item in items), *cells.values()]
    return f"{','.join(names)}\n{','.join(values)}"


def _fashion_mnist(image: Row, items: Rows, landmarks: Rows, polygons: Rows) -> str:
    return f"label {items[0]['category_id']}" if items else ""


def _number(value: float) -> float:
    """A whole number without a fraction, as most sources write it."""
    return int(value) if value is not None and value == int(value) else value


_WRITERS: dict[str, Callable[[Row, Rows, Rows, Rows], str]] = {
    "deepfashion2": _deepfashion2,
    "fashionai": _fashionai,
    "fashion-mnist": _fashion_mnist,
}

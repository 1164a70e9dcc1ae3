"""DeepFashion2 documents for hypothesis, and the way back from rows to documents.

An independent reader: it has its own code lists and knows nothing of decode or flatten.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

LANDMARKS = {
    1: 25, 2: 33, 3: 31, 4: 39, 5: 15, 6: 15, 7: 10, 8: 14, 9: 8, 10: 29, 11: 37, 12: 19, 13: 19
}  # fmt: skip
SCALE = ["small", "modest", "large"]
OCCLUSION = ["slight", "medium", "heavy"]
ZOOM_IN = ["no_zoom", "medium", "large"]
VIEWPOINT = ["no_wear", "frontal", "side_or_back"]
VISIBILITY = ["unlabelled", "occluded", "visible"]

_WHOLE = st.integers(0, 2700)
_COORDINATE = _WHOLE | st.decimals(0, 2700, places=2).map(float)
_CODE = st.integers(1, 3)


@st.composite
def raw_items(draw: st.DrawFn) -> dict[str, Any]:
    """An item as the source writes it: keys in any order, ints or two-decimal floats."""
    category_id = draw(st.sampled_from(sorted(LANDMARKS)))
    points = st.tuples(_COORDINATE, _COORDINATE, st.sampled_from([1, 2])) | st.just((0, 0, 0))
    count = LANDMARKS[category_id]
    landmarks = draw(st.lists(points, min_size=count, max_size=count))
    outline = st.lists(st.tuples(_COORDINATE, _COORDINATE), min_size=3, max_size=8)
    polygons = draw(st.lists(st.tuples(outline, st.booleans()), max_size=3))
    x1, x2 = sorted([draw(_WHOLE), draw(_WHOLE)])
    y1, y2 = sorted([draw(_WHOLE), draw(_WHOLE)])
    item = {
        "segmentation": [
            [number for point in (points + points[:1] * closed) for number in point]
            for points, closed in polygons
        ],
        "scale": draw(_CODE),
        "viewpoint": draw(_CODE),
        "zoom_in": draw(_CODE),
        "landmarks": [number for point in landmarks for number in point],
        "style": draw(st.integers(0, 14)),
        "bounding_box": [x1, y1, x2, y2],
        "category_id": category_id,
        "occlusion": draw(_CODE),
        "category_name": draw(st.text(st.characters(codec="utf-8"), max_size=8)),
    }
    return {key: item[key] for key in draw(st.permutations(sorted(item)))}


@st.composite
def raw_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document: its keys in any order, item numbers with gaps."""
    numbers = draw(st.lists(st.integers(1, 120), max_size=3, unique=True))
    document = {f"item{number}": draw(raw_items()) for number in numbers}
    document |= {
        "source": draw(st.sampled_from(["user", "shop"])),
        "pair_id": draw(st.integers(1, 15082)),
    }
    return {key: document[key] for key in draw(st.permutations(sorted(document)))}


def documents_of(tables: Mapping[str, pa.RecordBatch]) -> dict[int, dict[str, Any]]:
    """Rows of images, items, landmarks and polygons -> the documents they came from, by image_id.

    The item keys of a document come in the order of `document_order`.
    """
    landmarks, polygons = defaultdict(list), defaultdict(list)
    for row in sorted(tables["landmarks"].to_pylist(), key=lambda row: row["landmark_no"]):
        v = VISIBILITY.index(row["visibility"])
        nowhere = row["x"] is None
        landmarks[_key(row)] += [0, 0, v] if nowhere else [row["x"], row["y"], v]
    for row in sorted(tables["polygons"].to_pylist(), key=lambda row: row["polygon_no"]):
        polygons[_key(row)].append(row["points"])
    documents: dict[int, dict[str, Any]] = {
        row["image_id"]: {"source": row["source"], "pair_id": row["pair_id"]}
        for row in tables["images"].to_pylist()
        if row["annotated"]
    }
    for row in sorted(tables["items"].to_pylist(), key=lambda row: row["document_order"]):
        documents[row["image_id"]][f"item{row['item_no']}"] = {
            "segmentation": polygons[_key(row)],
            "scale": SCALE.index(row["scale"]) + 1,
            "viewpoint": VIEWPOINT.index(row["viewpoint"]) + 1,
            "zoom_in": ZOOM_IN.index(row["zoom_in"]) + 1,
            "landmarks": landmarks[_key(row)],
            "style": row["style"],
            "bounding_box": [row["x1"], row["y1"], row["x2"], row["y2"]],
            "category_id": row["category_id"],
            "occlusion": OCCLUSION.index(row["occlusion"]) + 1,
            "category_name": row["category_name"],
        }
    return documents


def item_keys(document: Mapping[str, Any]) -> list[str]:
    """The item keys of a document in its own order."""
    return [key for key in document if key.startswith("item")]


def _key(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["image_id"], row["item_no"]

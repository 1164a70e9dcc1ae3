"""The way back from rows to DeepFashion2 documents.

An independent reader: it has its own code lists and knows nothing of decode or flatten.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

SCALE = ["small", "modest", "large"]
OCCLUSION = ["slight", "medium", "heavy"]
ZOOM_IN = ["no_zoom", "medium", "large"]
VIEWPOINT = ["no_wear", "frontal", "side_or_back"]
VISIBILITY = ["unlabelled", "occluded", "visible"]


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

"""Generated predictions of each kind for documents, in COCO's result formats."""

from typing import Any

import numpy as np
from builders import Documents, items_of

from schemas.categories import CATEGORIES

ALL_LANDMARKS = "all landmarks"
"""Predictions for every slot, of which those of other categories count where none is labelled."""

KINDS = (
    "perfect",
    "noisy",
    "empty",
    "wrong class",
    "duplicates",
    "over 100",
    "equal scores",
    "ties",
    ALL_LANDMARKS,
)
Record = dict[str, Any]


def predictions(documents: Documents, task: str, kind: str, seed: int = 0) -> list[Record]:
    """Result records of a kind for the items of documents, best first or in any order."""
    rng = np.random.default_rng(seed)
    records: list[Record] = []
    for image_id, document in documents.items():
        size = document["height"], document["width"]
        for _, item in items_of(document):
            for copy in range(_copies(kind, rng)):
                record = {
                    "image_id": image_id,
                    "category_id": _category(item["category_id"], kind, rng),
                    "score": _score(kind, copy, rng),
                }
                noise = 0.0 if kind in ("perfect", "ties") else float(rng.choice((2.0, 15.0, 60.0)))
                records.append(record | _shape(item, record, task, kind, noise, size, rng))
    return records


def _copies(kind: str, rng: np.random.Generator) -> int:
    fixed = {"perfect": 1, "empty": 0, "duplicates": 3, "over 100": 70, "ties": 2}
    return fixed.get(kind, int(rng.integers(0, 4)))


def _category(own: int, kind: str, rng: np.random.Generator) -> int:
    is_wrong = kind == "wrong class" or (kind != "perfect" and rng.random() < 0.15)
    return int(rng.integers(1, 14)) if is_wrong else own


def _score(kind: str, copy: int, rng: np.random.Generator) -> float:
    if kind == "equal scores":
        return 0.5
    return float(np.round(rng.random(), 1)) if kind == "ties" else float(rng.random())


def _shape(
    item: Record,
    record: Record,
    task: str,
    kind: str,
    noise: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Record:
    x1, y1, x2, y2 = item["bounding_box"]
    left, top = (float(edge + rng.normal(0, noise)) for edge in (x1, y1))
    width, height = (max(1.0, edge + rng.normal(0, noise)) for edge in (x2 - x1, y2 - y1))
    if task == "detection":
        return {"bbox": [left, top, float(width), float(height)]}
    if task == "segmentation":
        return {"segmentation": _mask(item, record, noise, size, rng)}
    category = CATEGORIES["deepfashion2"][record["category_id"] - 1]
    own = np.array(item["landmarks"], np.float64).reshape(-1, 3)
    if record["category_id"] != item["category_id"]:
        own = rng.uniform(0, 300, (category.landmarks, 3))
    own = own + rng.normal(0, noise, own.shape) * (1, 1, 0)
    if kind != ALL_LANDMARKS and rng.random() < 0.5:
        return {"keypoints": own.ravel().tolist()}
    every = np.zeros((294, 3))
    if kind == ALL_LANDMARKS:
        every = np.column_stack((rng.uniform((x1, y1), (x2, y2), (294, 2)), np.ones(294)))
    every[list(category.slots)] = own
    return {"keypoints": every.ravel().tolist()}


def _mask(
    item: Record, record: Record, noise: float, size: tuple[int, int], rng: np.random.Generator
) -> Record:
    """Run lengths of the item's polygons, moved by noise."""
    import pycocotools.mask as mask

    moved = [(np.array(part) + rng.normal(0, noise)).tolist() for part in item["segmentation"]]
    parts = mask.frPyObjects(moved or [[0.0, 0.0, 9.0, 0.0, 9.0, 9.0]], *size)
    merged = mask.merge(parts)
    return {"size": list(size), "counts": merged["counts"].decode()}

"""A small release with pictures, predictions for it, and files of scores and details of these."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from prediction_details import EVERYTHING, write_details
from releases import image, item, write_release

from flows.predictions import predictions_sha256
from schemas.details import PRECISION_DETAILS
from schemas.scores import SCORES

RELEASE = "20261121T031500Z-00000001"
SIZE = (64, 80)
BOXES = [(8.0, 12.0, 40.0, 60.0), (30.0, 20.0, 60.0, 70.0)]
"""Boxes of the two items of image 1 (x1, y1, x2, y2): a skirt and a vest."""

PREDICTED: list[dict[str, Any]] = [
    # Shorts where the skirt is; a vest far from the vest; a blurred vest; nothing on image 2.
    {"image_id": 1, "category_id": 7, "bbox": [8, 12, 32, 48], "score": 0.9},
    {"image_id": 1, "category_id": 5, "bbox": [0, 60, 10, 20], "score": 0.8},
    {"image_id": 1, "category_id": 5, "bbox": [31, 20, 29, 50], "score": 0.25},
]


def a_lake(folder: Path) -> Path:
    """A lake of two images of DeepFashion2 train: two items on the first, one on the second."""
    images = [
        image(1, item(9, box=BOXES[0]), item(5, box=BOXES[1])),
        image(2, item(9, box=BOXES[0])),
    ]
    release = write_release(folder, images)
    (folder / "lake/current").symlink_to(f"releases/{release.name}")
    return folder / "lake"


def write_predictions(path: Path, records: list[dict[str, Any]] = PREDICTED) -> Path:
    path.write_text(json.dumps(records))
    return path


def origin(predictions: Path, **changes: str) -> dict[str, str]:
    """What the files of scores and details of these predictions say of them."""
    return {
        "task": "detection",
        "dataset": "deepfashion2",
        "split": "train",
        "release": RELEASE,
        "predictions_sha256": predictions_sha256([predictions]),
        "kernel": "hotcoco 1.3.0",
    } | changes


def write_scores(path: Path, predictions: Path, **changes: Any) -> Path:
    """A file with one score; `changes` replace its columns."""
    everything = {"attribute": "all", "value": "all", "mode": None, "category": "all"}
    numbers = {"metric": "AP", "score": 0.25, "count": 3, "skipped": 0, "missing": 1}
    row = origin(predictions) | everything | numbers | changes
    pq.write_table(pa.Table.from_pylist([row], SCORES), path)
    return path


def write_precision_details(path: Path, predictions: Path, **changes: str) -> Path:
    """The details of PREDICTED: the vest of image 1 is found by the third record."""

    def row(image_id: int, category_id: int, truths: int, missed: list[int], *detected: Any) -> Any:
        detections = [
            {"row": number, "score": score, "found": hit, "ignored": 0}
            | {"item_no": 2 if hit else None, "overlap": 0.9 if hit else None}
            for number, score, hit in detected
        ]
        return EVERYTHING | {
            "image_id": image_id,
            "category_id": category_id,
            "truths": truths,
            "missed": missed,
            "detections": detections,
        }

    rows = [
        row(1, 9, 1, [1]),
        row(1, 7, 0, [], (1, 0.9, 0)),
        row(1, 5, 1, [], (2, 0.8, 0), (3, 0.25, 1023)),
        row(2, 9, 1, [1]),
    ]
    table = pa.Table.from_pylist(rows, PRECISION_DETAILS.schema)
    return write_details(table, path, **origin(predictions, **changes))

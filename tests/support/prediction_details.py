"""Details of evaluations for tests: from pycocotools, from generators, and as files."""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from schemas.details import (
    CLASS_DETAILS,
    FOOTER,
    POINT_DETAILS,
    PRECISION_DETAILS,
    RETRIEVAL_DETAILS,
    RETRIEVAL_OUTCOMES,
)
from schemas.scores import ALL
from schemas.vocabulary import OCCLUSIONS, SCALES, VIEWPOINTS, ZOOMS

EVERYTHING = {"landmarks": None, "attribute": ALL, "value": ALL, "mode": None}


def generated_coco(
    seed: int, images: int = 30, categories: int = 3
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A truth with ignored items, and detections: true, shifted, wrong, doubled, tied, too many."""
    random = np.random.default_rng(seed)
    truth: list[dict[str, Any]] = []
    detections: list[dict[str, Any]] = []
    for image in range(1, images + 1):
        for _ in range(random.integers(4)):
            box = [float(number) for number in random.uniform((0, 0, 20, 20), (100, 100, 90, 90))]
            category = int(random.integers(1, categories + 1))
            truth.append(
                {
                    "id": len(truth) + 1,
                    "image_id": image,
                    "category_id": category,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": int(random.random() < 0.1),
                }
            )
            for _ in range(random.integers(3)):
                shifted = [number + float(random.normal(0, 6)) for number in box]
                detections.append({"image_id": image, "category_id": category, "bbox": shifted})
        for _ in range(random.integers(120) if random.random() < 0.1 else random.integers(3)):
            box = [float(number) for number in random.uniform((0, 0, 20, 20), (100, 100, 90, 90))]
            category = int(random.integers(1, categories + 1))
            detections.append({"image_id": image, "category_id": category, "bbox": box})
    for detection in detections:  # one decimal, so that many scores are equal
        detection["score"] = round(float(random.random()), 1)
    names = [{"id": number, "name": str(number)} for number in range(1, categories + 1)]
    pictures = [{"id": image, "width": 200, "height": 200} for image in range(1, images + 1)]
    return {"images": pictures, "annotations": truth, "categories": names}, detections


def coco_evaluation(truth: dict[str, Any], detections: list[dict[str, Any]]) -> COCOeval:
    """The evaluation of boxes by pycocotools: `eval` has precision and recall, `stats` scores."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def precision_details(evaluation: COCOeval, **subset: Any) -> pa.Table:
    """PRECISION_DETAILS of an evaluation by pycocotools, for all areas; `item_no` is the item's id.

    `row` is the id of the detection. `subset` replaces columns of EVERYTHING.
    """
    rows = [EVERYTHING | subset | row for row in _precision_rows(evaluation)]
    return pa.Table.from_pylist(rows, PRECISION_DETAILS.schema)


def _precision_rows(evaluation: COCOeval) -> Iterator[dict[str, Any]]:
    everything = evaluation.params.areaRng[0]
    for image in evaluation.evalImgs:
        if image is None or image["aRng"] != everything:
            continue
        items = np.asarray(image["gtIds"], int)
        counted = items[np.asarray(image["gtIgnore"]) == 0]
        matches = image["dtMatches"].astype(int)
        # The overlaps of an image have its items in the order of the truth.
        overlaps = evaluation.ious[image["image_id"], image["category_id"]]
        order = [item["id"] for item in evaluation._gts[image["image_id"], image["category_id"]]]
        detections = [
            {
                "row": int(image["dtIds"][place]),
                "score": float(image["dtScores"][place]),
                "found": _bits(matches[:, place] > 0),
                "ignored": _bits(image["dtIgnore"][:, place]),
                "item_no": int(matches[0, place]) or None,
                "overlap": float(overlaps[place, order.index(matches[0, place])])
                if matches[0, place]
                else None,
            }
            for place in range(matches.shape[1])
        ]
        yield {
            "image_id": image["image_id"],
            "category_id": image["category_id"],
            "truths": len(counted),
            "missed": sorted({*counted.tolist()} - {*matches[0].tolist()}),
            "detections": detections,
        }


def _bits(outcomes: Any) -> int:
    return sum(1 << place for place, outcome in enumerate(outcomes) if outcome)


def retrieval_details(seed: int, images: int = 40) -> pa.Table:
    """RETRIEVAL_DETAILS: the same truth for every seed, ranks from the seed."""
    truth, random = np.random.default_rng(0), np.random.default_rng(seed)
    words = {"scale": SCALES, "occlusion": OCCLUSIONS, "zoom_in": ZOOMS, "viewpoint": VIEWPOINTS}
    rows = []
    for image in range(1, images + 1):
        for item in range(1, int(truth.integers(1, 4)) + 1):
            attributes = {name: str(truth.choice(values)) for name, values in words.items()}
            category = int(truth.integers(1, 14))
            rank = int(random.integers(1, 21)) if random.random() < 0.6 else None
            outcome = "hit" if rank else str(random.choice(RETRIEVAL_OUTCOMES[1:]))
            rows.append(
                {"image_id": image, "item_no": item, "category_id": category, "pair_id": image}
                | {"style": item, **attributes, "row": len(rows) + 1 if rank else None}
                | {"rank": rank, "outcome": outcome}
            )
    return pa.Table.from_pylist(rows, RETRIEVAL_DETAILS.schema)


def point_details(seed: int, images: int = 40) -> pa.Table:
    """POINT_DETAILS of blouses and dresses: the same points for every seed, errors from it."""
    truth, random = np.random.default_rng(0), np.random.default_rng(seed)
    names = ("neckline_left", "neckline_right", "armpit_left", "armpit_right")
    rows = []
    for image in range(1, images + 1):
        category, normaliser = int(truth.choice([1, 3])), float(truth.uniform(50, 200))
        for name in names:
            if truth.random() < 0.8:
                error = float(random.exponential(0.05))
                rows.append(
                    {"image_id": image, "category_id": category, "landmark_name": name}
                    | {"error": error, "normaliser": normaliser}
                )
    return pa.Table.from_pylist(rows, POINT_DETAILS.schema)


def class_details(seed: int, images: int = 60) -> pa.Table:
    """CLASS_DETAILS: the same categories for every seed, predictions right three times of four."""
    truth, random = np.random.default_rng(0), np.random.default_rng(seed)
    rows = []
    for image in range(1, images + 1):
        category = int(truth.integers(10))
        is_right = random.random() < 0.75
        predicted = category if is_right else int(random.integers(10))
        rows.append({"image_id": image, "category_id": category, "predicted_id": predicted})
    return pa.Table.from_pylist(rows, CLASS_DETAILS.schema)


def write_details(rows: pa.Table, path: Path, task: str, dataset: str, **origin: str) -> Path:
    """Write rows as `wardrobe evaluate --details` does; `origin` replaces values of the footer."""
    footer = {
        "task": task,
        "dataset": dataset,
        "split": "validation",
        "release": "20260101T000000-00000000",
        "predictions_sha256": "0" * 64,
        "kernel": "sql",
    }
    metadata = {**(rows.schema.metadata or {}), FOOTER: json.dumps(footer | origin)}
    pq.write_table(rows.replace_schema_metadata(metadata), path)
    return path

"""Average precision of result records over files of a release, as the pipeline computes it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from builders import Documents, items_of, made_up_documents
from releases import Files

from flows.metrics.average_precision import Kernel
from flows.metrics.coco_records import Columns, Subset
from flows.pipelines.evaluate_precision import Outcome, precision_outcomes
from flows.pipelines.evaluation import EvaluationInputs
from flows.pipelines.precision_columns import PREDICTED, read_detections, read_items
from flows.warehouse import open_warehouse

SPLIT = "validation"


def documents_to_score(seed: int = 3, images: int = 24) -> Documents:
    """Documents whose items all have a polygon; some have no visible or no labelled landmark."""
    documents = made_up_documents(seed, images)
    items = [item for document in documents.values() for _, item in items_of(document)]
    for number, item in enumerate(items):
        item["segmentation"] = item["segmentation"] or [[10, 10, 60, 10, 60, 60, 10, 60]]
        if number % 5 < 2:
            marks = np.array(item["landmarks"]).reshape(-1, 3)
            occluded = marks * (1, 1, 0) + (0, 0, 1)
            item["landmarks"] = (occluded if number % 5 else marks * 0).ravel().tolist()
    return documents


def batches(task: str, records: Sequence[dict[str, Any]], size: int = 50) -> list[pa.RecordBatch]:
    """Result records as batches of the task's table of predictions."""
    rows = []
    for number, record in enumerate(records, start=1):
        row = {"row": number, **record}
        if task == "detection":
            row |= dict(zip(("x", "y", "width", "height"), record["bbox"], strict=True))
        elif task == "segmentation":
            mask = record["segmentation"]
            (row["height"], row["width"]), row["counts"] = mask["size"], mask["counts"].encode()
        rows.append(row)
    schema = PREDICTED[task].schema
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [pa.RecordBatch.from_pylist(part, schema=schema) for part in parts]


def outcomes_of(
    files: Files,
    task: str,
    records: Sequence[dict[str, Any]],
    subsets: Sequence[Subset] = (Subset(),),
    details: bool = False,
) -> tuple[dict[tuple[str | None, Subset], list[Outcome]], Columns]:
    """What the pipeline computes for each choice of landmarks and subset; and the items."""
    with open_warehouse(files, threads=1) as con:
        inputs = EvaluationInputs(con, "deepfashion2", SPLIT, (), details=details)
        _, items = read_items(inputs, task)
        detections = read_detections(task, batches(task, records), items)
        kernel = Kernel(task)
        return precision_outcomes(kernel, items, detections, list(subsets), inputs), items

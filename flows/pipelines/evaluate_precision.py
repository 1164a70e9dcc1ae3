"""Average precision of detected boxes, landmarks and masks: over all items and by attribute."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from flows.metrics.average_precision import (
    CurveArrays,
    Kernel,
    hotcoco,
    join_categories,
    no_garbage_collection,
)
from flows.metrics.coco_records import (
    Columns,
    Subset,
    detection_records,
    item_records,
    labelled_landmarks,
    of_subset,
    take,
    visible_only,
)
from flows.metrics.precision_details import precision_details
from flows.pipelines.evaluation import EvaluationInputs, Evaluator, TaskResult
from flows.pipelines.precision_columns import (
    DATASET,
    SLOTS,
    read_detections,
    read_items,
)
from flows.predictions import read_boxes, read_landmarks, read_masks
from schemas.categories import CATEGORIES, Category
from schemas.errors import InputError, did_you_mean
from schemas.scores import ALL, MODES, TASK_SCORES
from schemas.vocabulary import ITEM_ATTRIBUTES

READERS = {"detection": read_boxes, "landmarks": read_landmarks, "segmentation": read_masks}

LANDMARKS = ("visible", "visible_occluded")
"""Which labelled landmarks count: only visible ones, or occluded ones as well."""


class Counted(NamedTuple):
    """Items of a category: those that count by range of areas, and all of them."""

    by_area: dict[str, int]
    items: int


class Outcome(NamedTuple):
    """What was computed for a category: arrays, numbers of items, and details where asked for."""

    landmarks: str | None
    subset: Subset
    arrays: CurveArrays
    counted: Counted
    details: pa.Table | None


def evaluate_precision(inputs: EvaluationInputs, *, task: str, mode: str = "both") -> TaskResult:
    """AP and AR of a task by COCO's rules, and of the subsets that `inputs.by` names.

    `mode` is one of MODES, or `both`. Raises InputError for bad prediction files.
    """
    if mode not in (*MODES, "both"):
        hint = did_you_mean(mode, (*MODES, "both"), f"give one of {', '.join(MODES)} or both.")
        raise InputError(f"mode {mode!r} does not exist: {hint}")
    kernel = Kernel(task)
    images, items = read_items(inputs, task)
    detections = read_detections(task, READERS[task](inputs.predictions, images), items)
    missing = len(np.setdiff1d(items["image_id"], detections["image_id"]))
    subsets = list(_subsets(inputs.by, MODES if mode == "both" else (mode,)))
    with no_garbage_collection():
        outcomes = precision_outcomes(kernel, items, detections, subsets, inputs)
    rows = [
        row | {"missing": missing}
        for group in outcomes.values()
        for row in _scores(kernel, group, "category" in inputs.by)
    ]
    tables = [outcome.details for group in outcomes.values() for outcome in group]
    details = pa.concat_tables(tables) if inputs.details else None
    scores = pa.Table.from_pylist(rows, TASK_SCORES)
    return TaskResult(scores, details, f"hotcoco {hotcoco().__version__}")


def precision_outcomes(
    kernel: Kernel,
    items: Columns,
    detections: Columns,
    subsets: list[Subset],
    inputs: EvaluationInputs,
) -> dict[tuple[str | None, Subset], list[Outcome]]:
    """The outcomes of all categories in their order, by choice of landmarks and subset."""
    outcomes: dict[tuple[str | None, Subset], list[Outcome]] = {}
    for done, category in enumerate(CATEGORIES[DATASET], start=1):
        own_items, own_detections = (
            take(columns, columns["category_id"] == category.category_id)
            for columns in (items, detections)
        )
        for outcome in _outcomes(
            kernel, category, own_items, own_detections, subsets, inputs.details
        ):
            outcomes.setdefault((outcome.landmarks, outcome.subset), []).append(outcome)
        inputs.on_progress("evaluate categories", done, len(CATEGORIES[DATASET]))
    return outcomes


def _subsets(by: Sequence[str], modes: Sequence[str]) -> Iterator[Subset]:
    """Everything, then each value of each attribute in each mode."""
    yield Subset()
    for attribute in by:
        for value in ITEM_ATTRIBUTES.get(attribute, ()):
            for mode in modes:
                yield Subset(attribute, value, mode)


def _outcomes(
    kernel: Kernel,
    category: Category,
    items: Columns,
    detections: Columns,
    subsets: list[Subset],
    with_details: bool,
) -> Iterator[Outcome]:
    """The outcome of a category for every subset and, for landmarks, each choice of these."""
    slots = SLOTS[category.category_id] if kernel.iou_type == "keypoints" else None
    sigmas = slots.sigmas if slots else None
    images = np.union1d(items["image_id"], detections["image_id"]).tolist()
    data_set = partial(kernel.data_set, images=images, category=category.category_id)
    detected = data_set(detection_records(detections, slots))
    for landmarks in LANDMARKS if slots else (None,):
        own = visible_only(items) if landmarks == "visible" else items
        records = item_records(own, slots)
        is_labelled = labelled_landmarks(own) > 0 if slots else np.ones(len(records), np.bool_)
        for subset in subsets:
            inside = subset.contains(items)
            truth = data_set(of_subset(records, inside, subset.mode or ""))
            details = None
            if with_details:
                details = precision_details(
                    kernel.matches(truth, detected, sigmas),
                    own,
                    detections,
                    slots,
                    {"landmarks": landmarks, **vars(subset)},
                )
            counts = kernel.counted(items["area"], inside & is_labelled)
            of_truth = int(inside.sum()) if subset.mode == "removed" else len(records)
            arrays = kernel.arrays(truth, detected, sigmas)
            yield Outcome(landmarks, subset, arrays, Counted(counts, of_truth), details)


def _scores(kernel: Kernel, outcomes: list[Outcome], by_category: bool) -> Iterator[dict[str, Any]]:
    """Rows of all metrics of a subset: over all categories and, of everything, of each."""
    groups = {ALL: outcomes}
    if by_category and outcomes[0].subset == Subset():
        names = [category.name for category in CATEGORIES[DATASET]]
        groups |= {name: [outcome] for name, outcome in zip(names, outcomes, strict=True)}
    for category, group in groups.items():
        arrays = join_categories([outcome.arrays for outcome in group])
        suffix = f"_{group[0].landmarks}" if group[0].landmarks else ""
        for metric in kernel.metrics:
            count = sum(outcome.counted.by_area[metric.area] for outcome in group)
            yield {
                "metric": metric.name + suffix,
                **vars(group[0].subset),
                "category": category,
                "score": kernel.score(metric, arrays),
                "count": count,
                "skipped": sum(outcome.counted.items for outcome in group) - count,
            }


PRECISION = {
    (task, DATASET): Evaluator(
        partial(evaluate_precision, task=task), (*ITEM_ATTRIBUTES, "category")
    )
    for task in READERS
}
"""How detection, landmarks and segmentation are scored."""

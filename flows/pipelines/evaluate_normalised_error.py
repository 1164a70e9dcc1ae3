"""Normalised error (NE) of key points: errors of points in SQL, and their means."""

from collections.abc import Iterator
from math import fsum

import pyarrow as pa
import pyarrow.compute as pc

from flows.pipelines.evaluation import EvaluationInputs, TaskResult
from flows.predictions import read_points
from flows.warehouse import add_table, run_query
from schemas.categories import CATEGORIES, FASHIONAI_POINTS
from schemas.details import POINT_DETAILS
from schemas.errors import InputError
from schemas.scores import ALL, TASK_SCORES


def evaluate_normalised_error(
    inputs: EvaluationInputs, *, one_end_absent: str = "authors", complete: bool = False
) -> TaskResult:
    """NE of PREDICTED_POINTS over the visible points of predicted images; rows of POINT_DETAILS.

    `one_end_absent` is the rule of sql/evaluation/point_errors.sql. By `category` and by `landmark`
    the same over their points. Raises InputError for bad prediction files and, with `complete`, for
    an annotated image without a prediction.
    """
    images = run_query(inputs.warehouse, "named_images", inputs.partition)
    predicted = read_points(inputs.predictions, images)
    add_table(inputs.warehouse, "predicted_points", predicted)
    parameters = inputs.partition | {"one_end_absent": one_end_absent}
    points = run_query(inputs.warehouse, "point_errors", parameters)
    scores = [_score(points, {})]
    if "category" in inputs.by:
        for category in CATEGORIES[inputs.dataset]:
            own = points.filter(pc.equal(points["category_id"], category.category_id))
            scores.append(_score(own, {"category": category.name}))
    if "landmark" in inputs.by:
        for name in FASHIONAI_POINTS:
            own = points.filter(pc.equal(points["landmark_name"], name))
            scores.append(_score(own, {"attribute": "landmark", "value": name}))
    details = None
    if inputs.details:
        scored = points.filter(pc.is_valid(points["error"]))
        details = scored.select(POINT_DETAILS.schema.names).cast(POINT_DETAILS.schema)
    notes = _notes(points, images, predicted, complete)
    return TaskResult(pa.Table.from_pylist(scores, TASK_SCORES), details, "sql", tuple(notes))


def _score(points: pa.Table, subset: dict[str, str]) -> dict[str, object]:
    """A row of TASK_SCORES for some rows of point_errors."""
    unusable = pc.and_(points["predicted"], pc.is_null(points["normaliser"]))
    return {
        "metric": "NE",
        "attribute": ALL,
        "value": ALL,
        "category": ALL,
        "score": pc.mean(points["error"]).as_py(),
        "count": pc.count(points["error"]).as_py(),
        "skipped": _images(points, unusable),
        "missing": _images(points, pc.invert(points["predicted"])),
    } | subset


def _images(points: pa.Table, mask: pa.ChunkedArray) -> int:
    return pc.count_distinct(points.filter(mask)["image_id"]).as_py()


def _notes(
    points: pa.Table, images: pa.Table, predicted: pa.Table, complete: bool
) -> Iterator[str]:
    """Sentences about images without a prediction, and about predictions without annotations."""
    missing = points.filter(pc.invert(points["predicted"]))
    if len(missing):
        names = images.filter(pc.is_in(images["image_id"], missing["image_id"]))["file_name"]
        total = pc.sum(images["annotated"]).as_py()
        sentence = f"images without a prediction: {len(names):,} of {total:,} (first: {names[0]})"
        if complete:
            raise InputError(f"{sentence}: without --complete the others are scored")
        usable = pc.and_(missing["visible"], pc.is_valid(missing["normaliser"]))
        charged = pc.sum(usable).as_py()
        errors = pc.drop_null(points["error"]).to_pylist() + [1.0] * charged
        mean = f"{fsum(errors) / len(errors):.8f}" if errors else "undefined"
        yield f"{sentence}; with error 1 for their visible points ({charged:,}) NE is {mean}"
    annotated = pc.is_in(predicted["image_id"], points["image_id"])
    if others := _images(predicted, pc.invert(annotated)):
        yield f"predictions for images without annotations, not scored: {others:,}"

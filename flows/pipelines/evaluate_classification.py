"""Scores of predicted categories: accuracy, precision, recall and the confusion table, in SQL."""

import pyarrow as pa
import pyarrow.compute as pc

from flows.pipelines.evaluation import EvaluationInputs, TaskResult
from flows.predictions import read_classes
from flows.warehouse import add_table, run_query
from schemas.categories import CATEGORIES
from schemas.details import CLASS_DETAILS
from schemas.scores import ALL, TASK_SCORES

METRICS = {
    "accuracy": None,
    "precision": "category",
    "recall": "category",
    "confusion": "predicted",
}
"""The metrics in the order of the table, and the attribute of `by` that asks for each."""


def evaluate_classification(inputs: EvaluationInputs) -> TaskResult:
    """Scores of PREDICTED_CLASSES over the images that have a prediction; rows of CLASS_DETAILS.

    Accuracy; by `category` its precision and recall; by `predicted` the confusion table: `category`
    is annotated, `value` is predicted. Raises InputError for bad prediction files.
    """
    categories = CATEGORIES[inputs.dataset]
    images = run_query(inputs.warehouse, "named_images", inputs.partition)
    image_ids = set(images.filter(images["annotated"])["image_id"].to_pylist())
    predicted = read_classes(inputs.predictions, image_ids, categories)
    add_table(inputs.warehouse, "predicted_classes", predicted)
    rows = run_query(inputs.warehouse, "classification_scores", inputs.partition).to_pylist()
    names = {None: ALL} | {category.category_id: category.name for category in categories}
    scores = [
        row
        | {"attribute": ALL if row["predicted_id"] is None else "predicted", "mode": None}
        | {"value": names[row["predicted_id"]], "category": names[row["category_id"]], "skipped": 0}
        for metric, attribute in METRICS.items()
        for row in rows
        if row["metric"] == metric and (attribute is None or attribute in inputs.by)
    ]
    details = None
    if inputs.details:
        details = run_query(inputs.warehouse, "class_outcomes", inputs.partition)
        details = details.cast(CLASS_DETAILS.schema)
    total, ties = len(image_ids), pc.sum(predicted["tied"]).as_py() or 0
    missing = total - len(predicted)
    notes = []
    if missing:
        notes.append(f"images without a prediction, not scored: {missing:,} of {total:,}")
    if ties:
        notes.append(
            f"images with equal highest scores: {ties:,}; the lowest category number counts"
        )
    return TaskResult(pa.Table.from_pylist(scores, TASK_SCORES), details, "sql", tuple(notes))

"""Scores of predicted categories: accuracy in SQL over the items of a split."""

import pyarrow as pa

from flows.pipelines.evaluation import EvaluationInputs, TaskResult
from flows.predictions import read_classes
from flows.warehouse import add_table, run_query
from schemas.scores import ALL, TASK_SCORES


def evaluate_classification(inputs: EvaluationInputs) -> TaskResult:
    """Accuracy of PREDICTED_CLASSES. Raises InputError for bad prediction files."""
    add_table(inputs.warehouse, "predicted_classes", read_classes(inputs.predictions))
    rows = run_query(inputs.warehouse, "classification_scores", inputs.partition).to_pylist()
    everything = {"attribute": ALL, "value": ALL, "mode": None, "category": ALL, "skipped": 0}
    scores = pa.Table.from_pylist([everything | row for row in rows], TASK_SCORES)
    return TaskResult(scores, None, "sql")

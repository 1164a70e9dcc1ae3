"""Score predictions against a split of a release: scores as one table, details as another."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.pipelines.evaluate_classification import evaluate_classification
from flows.pipelines.evaluate_normalised_error import evaluate_normalised_error
from flows.pipelines.evaluate_precision import PRECISION
from flows.pipelines.evaluate_retrieval import RETRIEVAL_ATTRIBUTES, evaluate_retrieval
from flows.pipelines.evaluation import EvaluationInputs, Evaluator, Origin, TaskResult
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.query import open_release
from flows.predictions import predictions_sha256, unchanged_predictions
from flows.release import Release
from flows.warehouse import open_warehouse
from schemas.baselines import BASELINES
from schemas.details import FOOTER
from schemas.errors import InputError, did_you_mean
from schemas.scores import SCORES, TASK_SCORES

EVALUATORS: dict[tuple[str, str], Evaluator] = {
    **PRECISION,
    ("classification", "fashion-mnist"): Evaluator(
        evaluate_classification, ("category", "predicted")
    ),
    ("landmarks", "fashionai"): Evaluator(evaluate_normalised_error, ("category", "landmark")),
    ("retrieval", "deepfashion2"): Evaluator(evaluate_retrieval, RETRIEVAL_ATTRIBUTES),
}
"""How each task is scored, by task and data set."""


@dataclass(frozen=True)
class Evaluation:
    """The scores (rows of SCORES), the rows behind them, and notes for people.

    The schema of `details` has, under FOOTER, the columns of SCORES that all scores share.
    """

    scores: pa.Table
    details: pa.Table | None
    notes: tuple[str, ...]


def evaluate(
    lake: str | Path,
    release: str | None,
    *,
    task: str,
    dataset: str,
    split: str,
    predictions: Sequence[Path],
    by: Sequence[str] = (),
    details: bool = False,
    options: Mapping[str, Any] | None = None,
    on_progress: OnProgress = no_progress,
) -> Evaluation:
    """Score the files of predictions for a split of a release, which does not change.

    `options` are those of the task's command. Raises InputError for a task that the data set
    cannot be scored for, for an unknown split, attribute or option and for bad predictions.
    """
    evaluator = _evaluator(task, dataset)
    for name in by:
        if name not in evaluator.attributes:
            hint = did_you_mean(
                name, evaluator.attributes, f"give one of {', '.join(evaluator.attributes)}"
            )
            raise InputError(f"{task} of {dataset} is not scored by {name!r}: {hint}")
    for name in options or {}:
        if name not in signature(evaluator.evaluate).parameters:
            raise InputError(f"--{name.replace('_', '-')} is not an option of {task} of {dataset}")
    opened = open_release(lake, release)
    opened.require_split(dataset, split)
    with (
        unchanged_predictions(predictions),
        open_warehouse(opened.tables()) as warehouse,
    ):
        sha256 = predictions_sha256(predictions)
        inputs = EvaluationInputs(warehouse, dataset, split, predictions, by, details, on_progress)
        result = evaluator.evaluate(inputs, **(options or {}))
    return _with_origin(result, task, inputs, opened, sha256)


def _evaluator(task: str, dataset: str) -> Evaluator:
    if (task, dataset) not in EVALUATORS:
        others = [other for name, other in EVALUATORS if name == task]
        raise InputError(f"{task} is scored for {', '.join(others)}, not for {dataset}.")
    return EVALUATORS[task, dataset]


def _with_origin(
    result: TaskResult, task: str, inputs: EvaluationInputs, release: Release, sha256: str
) -> Evaluation:
    """The result with the columns that say what was scored, and with what."""
    origin = Origin(task, inputs.dataset, inputs.split, release.id, sha256, result.kernel)
    rows = [vars(origin) | row for row in result.scores.to_pylist()]
    details = result.details
    if details is not None:
        metadata = {**(details.schema.metadata or {}), FOOTER: json.dumps(vars(origin))}
        details = details.replace_schema_metadata(metadata)
    return Evaluation(pa.Table.from_pylist(rows, SCORES), details, result.notes)


def with_published(scores: pa.Table) -> pa.Table:
    """The columns of scores that differ within the table, and the published score of each.

    The columns `published` and `method` are absent where none is published. The authors did not
    publish the mode of their subsets: these scores are next to those of both modes, and say so.
    """
    keys = ("dataset", "split", "task", "metric", "attribute", "value", "category")
    published = {
        tuple(getattr(baseline, key) for key in keys): baseline for baseline in reversed(BASELINES)
    }
    rows = scores.to_pylist()
    numbers = ("score", "count", "skipped", "missing")
    varying = [name for name in TASK_SCORES.names if len({row[name] for row in rows}) > 1]
    table = scores.select(
        [name for name in TASK_SCORES.names if name in ("metric", *numbers, *varying)]
    )
    baselines = [published.get(tuple(row[key] for key in keys)) for row in rows]
    if any(baselines):
        values = [baseline.score if baseline else None for baseline in baselines]
        methods = [
            baseline and baseline.method + ", mode unpublished" * (row["mode"] is not None)
            for baseline, row in zip(baselines, rows, strict=True)
        ]
        place = table.column_names.index("score") + 1
        table = table.add_column(place, "published", pa.array(values, pa.float64()))
        table = table.append_column("method", pa.array(methods, pa.string()))
    return table

"""Flow `evaluate`: score predictions against a release; the scores are a table artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.states import Failed

# Modules, not the functions in them: see flows/ingest.py.
from flows.pipelines import evaluate as pipeline
from flows.pipelines import failures, progress


@flow(
    name="evaluate",
    flow_run_name="evaluate-{task}-{dataset}-{split}",
    persist_result=False,
    validate_parameters=False,
)
@failures.refusals_as(Failed)
def evaluate_flow(
    task: str,
    dataset: str,
    split: str,
    predictions: list[str],
    lake: str = "lake",
    release: str | None = None,
    by: list[str] | None = None,
    details: bool = False,
    options: dict[str, Any] | None = None,
) -> pipeline.Evaluation:
    """Score files of predictions. The parameters are the options of `wardrobe evaluate TASK`."""
    log = get_run_logger()
    evaluation = pipeline.evaluate(
        lake,
        release,
        task=task,
        dataset=dataset,
        split=split,
        predictions=[Path(path) for path in predictions],
        by=by or (),
        details=details,
        options=options,
        on_progress=progress.log_progress(log),
    )
    for note in evaluation.notes:
        log.warning("%s", note)
    create_table_artifact(key="scores", table=evaluation.scores.to_pylist())
    return evaluation

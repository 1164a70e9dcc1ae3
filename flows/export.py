"""Flows `export-training` and `report`: refresh what is made from the current release."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.states import Failed

# Modules, not the functions in them: see flows/ingest.py.
from flows.pipelines import export_training as pipeline
from flows.pipelines import failures, progress, query
from flows.pipelines import report as report_pipeline
from flows.pipelines.output import (
    require_distinct_files,
    require_output_file,
    require_output_folder,
)
from flows.runners import local_runner


@flow(
    name="export-training",
    flow_run_name="export-{dataset}-{split}",
    persist_result=False,
    validate_parameters=False,
)
@failures.refusals_as(Failed)
def export_training_flow(
    dataset: str,
    split: str,
    task: str,
    output: str,
    lake: str = "lake",
    size: int | None = None,
    picture_format: str | None = None,
    crop_items: bool = False,
    fold: str | None = None,
    shards: int | None = None,
    pictures_at: str | None = None,
    allow_left_out: bool = False,
    replace: bool = False,
    workers: int = 2,
) -> str:
    """Write a split of the current release as a training set, or refresh the set in `output`.

    The parameters are the options of `wardrobe export training`. Returns what was written.
    """
    log = get_run_logger()
    options: dict[str, Any] = {
        "task": task,
        "size": size,
        "picture_format": picture_format,
        "crop_items": crop_items,
        "fold": fold,
    }
    exported = pipeline.export_training(
        query.open_release(lake, None),
        dataset,
        split=split,
        output=require_output_folder(Path(output)),
        options=pipeline.TrainingOptions(**options),
        run=local_runner(workers),
        shards=shards,
        pictures_at=pictures_at,
        allow_left_out=allow_left_out,
        replace=replace,
        on_progress=progress.log_progress(log),
    )
    release = exported.origin.release
    sentence = f"{output}: {exported.rows:,} rows of {dataset} {split}, release {release}"
    log.info("%s", sentence)
    markdown = f"**{sentence}**"
    if exported.note:
        log.warning("%s", exported.note)
        markdown += f"\n\n{exported.note}"
    create_markdown_artifact(key="training-export", markdown=markdown)
    return sentence


@flow(name="report", persist_result=False, validate_parameters=False)
@failures.refusals_as(Failed)
def report_flow(
    lake: str = "lake",
    output: str = "report.html",
    release: str | None = None,
    scores: Sequence[str] = (),
    details: Sequence[str] = (),
    predictions: Sequence[str] = (),
) -> str:
    """Write a report. The parameters are the options of `wardrobe report`.

    Returns what was written.
    """
    log = get_run_logger()
    evaluations = {"scores": scores, "details": details, "predictions": predictions}
    files = {name: [Path(path) for path in paths] for name, paths in evaluations.items()}
    page = require_output_file(Path(output))
    require_distinct_files([page], [path for paths in files.values() for path in paths])
    missing = report_pipeline.make_report(
        lake, release, output=page, on_progress=progress.log_progress(log), **files
    )
    sentence = f"{output}: without pictures: {missing}" if missing else output
    log.info("%s", sentence)
    return sentence

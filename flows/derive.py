"""Flows: statistics, pair sets and checks of a lake, by running sql/ over its current release."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.pipelines import derive as pipeline

# Modules, not the functions in them: see flows/ingest.py.
from flows.pipelines import outcome, progress, query


@flow(name="derive", persist_result=False, validate_parameters=False)
def derive_flow(lake: str = "lake", wait: bool = False) -> outcome.Summary:
    """Make statistics and pair sets anew, with the settings the release before has."""
    log = get_run_logger()
    with outcome.failures_in_words():
        summary = outcome.derived(
            *pipeline.derive(Path(lake), wait=wait, on_progress=progress.log_progress(log))
        )
    log.info("%s", summary.sentence)
    create_markdown_artifact(key="derive-summary", markdown=summary.as_markdown())
    if summary.blocked:
        raise outcome.NothingPublished(summary)
    return summary


@flow(name="check", persist_result=False, validate_parameters=False)
def check_flow(lake: str = "lake", release: str | None = None) -> None:
    """Run all checks on a release; fails when one that our own code guarantees finds rows."""
    with outcome.failures_in_words():
        verdicts = query.check_release(Path(lake), release)
    create_table_artifact(key="checks", table=verdicts.to_pylist())
    broken = [row["check"] for row in verdicts.to_pylist() if row["verdict"] == "error"]
    get_run_logger().info("%s checks, %s broken", verdicts.num_rows, len(broken))
    if broken:
        raise RuntimeError(f"{', '.join(broken)}: run `wardrobe check` to see what is wrong")

"""Flows `derive` and `check`: rebuild the derived tables of a lake; run its checks."""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.states import Failed

# Modules, not the functions in them: see flows/ingest.py.
from flows.pipelines import derive as pipeline
from flows.pipelines import engines, failures, outcome, progress, query
from schemas.errors import InputError


@flow(name="derive", persist_result=False, validate_parameters=False)
@failures.refusals_as(Failed)
def derive_flow(
    lake: str = "lake", wait: bool = False, master: str | None = None
) -> outcome.Summary:
    """Rebuild statistics and pair sets with the settings of the current release.

    With the URL of a Spark `master`, Spark runs the SQL.
    """
    log = get_run_logger()
    try:
        with engines.sql_engine(master) as engine:
            on_progress = progress.log_progress(log)
            summary = pipeline.derive(lake, wait=wait, on_progress=on_progress, engine=engine)
    except outcome.PublicationBlocked as blocked:
        create_markdown_artifact(key="derive-summary", markdown=blocked.as_markdown())
        raise
    log.info("%s", summary.sentence)
    create_markdown_artifact(key="derive-summary", markdown=summary.as_markdown())
    return summary


@flow(name="check", persist_result=False, validate_parameters=False)
@failures.refusals_as(Failed)
def check_flow(lake: str = "lake", release: str | None = None) -> None:
    """Run all checks on a release; fail when one of them finds an error."""
    verdicts = query.check_release(lake, release).to_pylist()
    create_table_artifact(key="checks", table=verdicts)
    errors = [row["check"] for row in verdicts if row["verdict"] == "error"]
    get_run_logger().info("%s checks, %s errors", len(verdicts), len(errors))
    if errors:
        raise InputError(f"{', '.join(errors)}: run `wardrobe check` to see the rows")

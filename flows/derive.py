"""Flows `derive` and `check`: rebuild the derived tables of a lake; run its checks."""

from __future__ import annotations

from typing import Any

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
    lake: str = "lake",
    wait: bool = False,
    pairs: dict[str, Any] | None = None,
    master: str | None = None,
) -> outcome.Summary:
    """Rebuild statistics and pair sets.

    `pairs` has the options of `wardrobe pairs build` (kinds, seed, ...) by name; default: the
    settings of the current release. With the URL of a Spark `master`, Spark runs the SQL.
    """
    log = get_run_logger()
    on_progress = progress.log_progress(log)
    try:
        settings = None if pairs is None else _pair_settings(pairs)
        with engines.sql_engine(master) as engine:
            summary = pipeline.derive(
                lake, settings, wait=wait, on_progress=on_progress, engine=engine
            )
    except outcome.PublicationBlocked as blocked:
        create_markdown_artifact(key="derive-summary", markdown=blocked.as_markdown())
        raise
    log.info("%s", summary.sentence)
    create_markdown_artifact(key="derive-summary", markdown=summary.as_markdown())
    return summary


def _pair_settings(pairs: dict[str, Any]) -> pipeline.PairSettings:
    try:
        return pipeline.PairSettings(**pairs)
    except TypeError as error:
        raise InputError(f"the pairs {pairs} cannot be built: {error}") from error


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

"""Flows: statistics, pair sets and checks of a lake, by running sql/ over its current release."""

from __future__ import annotations

import sys
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

# Modules, not the functions in them: see flows/ingest.py.
from flows.pipelines import ask, outcome, progress
from flows.pipelines import derive as pipeline


@flow(name="derive", persist_result=False, validate_parameters=False)
def derive_flow(lake: str = "lake", wait: bool = False) -> outcome.Summary:
    """Make statistics and pair sets anew, with the settings the release before has."""
    log = get_run_logger()

    def tell(what: str, done: int, of: int, **facts: object) -> None:
        if what == progress.WAITING:
            log.warning("%s", facts["why"])
            # Who runs this at a terminal sees no log, and would think that it hangs.
            print(f"wardrobe: {facts['why']}", file=sys.stderr, flush=True)
        elif done == of:
            log.info("%s: %s of %s", what, done, of)

    with outcome.failures_in_words():
        summary = outcome.derived(*pipeline.derive(Path(lake), wait=wait, tell=tell))
    log.info("%s", summary.sentence)
    create_markdown_artifact(key="derive-summary", markdown=summary.as_markdown())
    if summary.blocked:
        raise outcome.NothingPublished(summary)
    return summary


@flow(name="check", persist_result=False, validate_parameters=False)
def check_flow(lake: str = "lake", release: str | None = None) -> None:
    """Run all checks on a release; fails when one that our own code guarantees finds rows."""
    with outcome.failures_in_words():
        verdicts = ask.check_release(Path(lake), release)
    create_table_artifact(key="checks", table=verdicts.to_pylist())
    broken = [row["check"] for row in verdicts.to_pylist() if row["verdict"] == "error"]
    get_run_logger().info("%s checks, %s broken", verdicts.num_rows, len(broken))
    if broken:
        raise RuntimeError(f"{', '.join(broken)} found rows: run `wardrobe check` to see them")

"""Flow `nightly`: ingest the sources, check the release, refresh training sets and report."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from prefect import flow
from prefect.states import Failed

from flows.derive import check_flow
from flows.export import export_training_flow, report_flow
from flows.ingest import ingest_flow

# Modules, not the functions in them: see flows/ingest.py.
from flows.pipelines import failures
from schemas.errors import InputError


@flow(name="nightly", persist_result=False, validate_parameters=False)
@failures.refusals_as(Failed)
def nightly_flow(
    sources: Mapping[str, str],
    lake: str = "lake",
    exports: Sequence[Mapping[str, Any]] = (),
    report: str | None = None,
    workers: int = 2,
) -> None:
    """Run the other flows on one lake, in order.

    `sources` is a path by data set. Each of `exports` has parameters of `export-training` without
    lake and workers. `report` is the file of the report. A source that fails does not stop the
    others; nothing is exported from a release whose checks find an error. The run fails with the
    sentences of all flows that failed.
    """
    _require_parameters(exports)
    states: list[Any] = [
        ingest_flow(dataset, source, lake, workers=workers, return_state=True)
        for dataset, source in sources.items()
    ]
    checked: Any = check_flow(lake, return_state=True)
    states.append(checked)
    if checked.is_completed():
        states += [
            export_training_flow(lake=lake, workers=workers, **export, return_state=True)
            for export in exports
        ]
    if report is not None:
        states.append(report_flow(lake, report, return_state=True))
    if failed := [str(state.message) for state in states if not state.is_completed()]:
        raise InputError("; ".join(dict.fromkeys(failed)))


def _require_parameters(exports: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError for an export with a missing or unknown parameter."""
    signature = inspect.signature(export_training_flow.fn)
    for export in exports:
        try:
            signature.bind(lake="", workers=1, **export)
        except TypeError as error:
            raise InputError(f"the export {dict(export)} cannot run: {error}") from error

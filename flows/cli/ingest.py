"""Commands that publish a release from a source or rebuild it: ingest, derive."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import app
from flows.cli.options import (
    DEFAULT_LAKE,
    LakeOption,
    LogOption,
    PasswordFileOption,
    PrefectOption,
    WaitOption,
    WorkersOption,
    takes_ingest_options,
    use_password_of,
)
from flows.cli.output import print_rows
from flows.cli.prefect_settings import configured_api, prepare_prefect
from flows.cli.progress import progress
from flows.pipelines.request import IngestRequest

if TYPE_CHECKING:
    from flows.pipelines.derive import PairSettings
    from flows.pipelines.outcome import Summary


@app.command(epilog="Topics: wardrobe help sources, wardrobe help parts, wardrobe help releases")
@takes_ingest_options()
def ingest(
    request: IngestRequest,
    workers: WorkersOption = None,
    password_file: PasswordFileOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be built and why; change nothing.")
    ] = False,
    prefect: PrefectOption = False,
    log_format: LogOption = "text",
) -> None:
    """Read a source and publish a release.

    Unchanged parts are linked from the last release; without any change, no release is made.

    Example: wardrobe ingest deepfashion2 sample/deepfashion2 --lake lake
    """
    use_password_of(password_file)
    workers = workers or os.cpu_count() or 1
    if dry_run:
        from flows.pipelines.ingest import preview

        print_rows(preview(request))
    elif prefect or configured_api():
        print_summary(run_ingest_flow(request, workers))
    else:
        from flows.pipelines.ingest import ingest as run
        from flows.runners import local_runner

        with progress(as_json=log_format == "json") as on_progress:
            summary = run(request, local_runner(workers), on_progress)
        print_summary(summary)


def run_ingest_flow(request: IngestRequest, workers: int) -> "Summary":
    """Ingest as a Prefect flow, on the configured server or a temporary one."""
    prepare_prefect(Path(request.lake))
    from flows.ingest import ingest_flow

    summary: Summary = ingest_flow(
        **{**asdict(request), "lake": str(request.lake)}, workers=workers
    )
    return summary


@app.command()
def derive(
    lake: LakeOption = DEFAULT_LAKE,
    wait: WaitOption = False,
    prefect: PrefectOption = False,
    log_format: LogOption = "text",
) -> None:
    """Rebuild statistics and pair sets, and publish a release.

    Parts are linked as they are; the pair settings are those of the current release.

    Example: wardrobe derive
    """
    if not (prefect or configured_api()):
        run_derive(lake, None, wait, log_format)
        return
    prepare_prefect(lake)
    from flows.derive import derive_flow

    print_summary(derive_flow(lake=str(lake), wait=wait))


def run_derive(lake: Path, settings: "PairSettings | None", wait: bool, log_format: str) -> None:
    """Rebuild what is derived and print the summary; no settings: those of the release."""
    from flows.pipelines.derive import derive as run

    with progress(as_json=log_format == "json") as on_progress:
        summary = run(lake, settings, wait=wait, on_progress=on_progress)
    print_summary(summary)


def print_summary(summary: "Summary") -> None:
    """Print the sentence, the totals by split and the warnings of a run."""
    print(summary.sentence)
    if summary.totals.num_rows:
        print_rows(summary.totals)
    for warning in summary.warnings:
        print(f"note: {warning}", file=sys.stderr)

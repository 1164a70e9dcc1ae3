"""Commands that publish a release: ingest, derive, pairs build, serve."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import app, command_group
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
from flows.cli.prefect_settings import configured_api, prepare_prefect, quiet_prefect
from flows.cli.progress import progress
from flows.pipelines.request import IngestRequest
from schemas.errors import InputError

if TYPE_CHECKING:
    from flows.pipelines.derive import PairSettings
    from flows.pipelines.outcome import Summary


@app.command()
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
        _derive(lake, None, wait, log_format)
        return
    prepare_prefect(lake)
    from flows.derive import derive_flow

    print_summary(derive_flow(lake=str(lake), wait=wait))


pairs = command_group(
    "pairs",
    "Build pair sets for metric learning.\n\nExample: wardrobe pairs build --kinds negative_random",
)


@pairs.command("build")
def build_pairs(
    lake: LakeOption = DEFAULT_LAKE,
    negatives_per_positive: Annotated[
        int,
        typer.Option(min=1, help="Negatives of each kind per positive."),
    ] = 4,
    max_per_query: Annotated[
        int, typer.Option(min=1, help="Limit per kind and consumer item.")
    ] = 50,
    seed: Annotated[str, typer.Option(help="The same seed gives the same rows.")] = "0",
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            help="negative_same_pair, negative_same_category, negative_random or triplets; "
            "repeatable; default: all. Positive pairs are always included.",
        ),
    ] = None,
    same_category: Annotated[
        bool,
        typer.Option("--same-category", help="Restrict negative_same_pair to the item's category."),
    ] = False,
    wait: WaitOption = False,
    log_format: LogOption = "text",
) -> None:
    """Build pairs and triplets; later ingests keep the settings.

    Example: wardrobe pairs build --negatives-per-positive 4 --seed 7
    """
    from flows.pipelines.derive import ALL_KINDS, PairSettings

    settings = PairSettings(
        kinds=tuple(kinds or ALL_KINDS),
        negatives_per_positive=negatives_per_positive,
        max_per_query=max_per_query,
        seed=seed,
        same_category=same_category,
    )
    _derive(lake, settings, wait, log_format)


def _derive(lake: Path, settings: "PairSettings | None", wait: bool, log_format: str) -> None:
    from flows.pipelines.derive import derive as run

    with progress(as_json=log_format == "json") as on_progress:
        summary = run(lake, settings, wait=wait, on_progress=on_progress)
    print_summary(summary)


@app.command()
@takes_ingest_options("dataset", "source", "lake", "splits", "strict")
def serve(
    request: IngestRequest,
    cron: Annotated[str, typer.Option(help="minute hour day month weekday, in UTC.")],
    workers: WorkersOption = None,
) -> None:
    """Ingest on a schedule of the Prefect server, until interrupted.

    Needs a server: start one with `prefect server start` and set PREFECT_API_URL.

    Example: wardrobe serve --cron "0 3 * * *" deepfashion2 /data/deepfashion2 --lake /data/lake
    """
    if not configured_api():
        raise InputError(
            "a schedule needs a Prefect server: run `prefect server start`, then "
            "`export PREFECT_API_URL=http://127.0.0.1:4200/api`, and serve again"
        )
    lake = Path(request.lake).absolute()
    quiet_prefect(lake, service=True)
    from flows.ingest import ingest_flow
    from flows.serve import serve_flow

    places = {"source": str(request.location.path), "lake": str(lake)}
    options = {**asdict(request), **places, "workers": workers}
    parameters = {name: value for name, value in options.items() if value}
    serve_flow(ingest_flow, f"{request.dataset}-scheduled", parameters, cron)


def print_summary(summary: "Summary") -> None:
    """Print the sentence, the totals by split and the warnings of a run."""
    print(summary.sentence)
    if summary.totals.num_rows:
        print_rows(summary.totals)
    for warning in summary.warnings:
        print(f"note: {warning}", file=sys.stderr)

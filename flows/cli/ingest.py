"""Commands that publish a release from a source or rebuild it: ingest, derive."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from flows.cli.app import app
from flows.cli.json_log import FINISHED, is_json_log, print_event
from flows.cli.options import (
    DEFAULT_LAKE,
    EngineOption,
    LakeOption,
    LogOption,
    MasterOption,
    PartEngineOption,
    PasswordFileOption,
    PrefectOption,
    WaitOption,
    WorkersOption,
    spark_master,
    spark_options,
    takes_ingest_options,
    use_password_of,
)
from flows.cli.output import print_rows
from flows.cli.prefect_settings import configured_api, prepare_prefect
from flows.cli.progress import progress
from flows.pipelines.progress import STARTING, listening
from flows.pipelines.request import IngestRequest, parse_place

if TYPE_CHECKING:
    from flows.pipelines.derive import PairSettings
    from flows.pipelines.outcome import Summary
    from flows.pipelines.request import Place


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
    engine: PartEngineOption = "local",
    master: MasterOption = None,
    log_format: LogOption = "text",
) -> None:
    """Read a source and publish a release.

    Unchanged parts are linked from the last release; without any change, no release is made.

    Example: wardrobe ingest deepfashion2 sample/deepfashion2 --lake lake
    """
    use_password_of(password_file)
    master, workers = spark_options(engine, master, workers)
    workers = workers or os.cpu_count() or 1
    if dry_run:
        from flows.pipelines.ingest import preview

        print_rows(preview(request))
    elif prefect or configured_api():
        print_summary(run_ingest_flow(request, workers, master), parse_place(request.lake))
    else:
        from flows.pipelines.ingest import ingest as run
        from flows.pipelines.parts import is_small
        from flows.runners import local_runner, spark_runner

        runner = spark_runner(master, workers) if master else local_runner(workers, is_small)
        with progress() as on_progress:
            summary = run(request, runner, on_progress)
        print_summary(summary, parse_place(request.lake))


def run_ingest_flow(
    request: IngestRequest, workers: int, master: str | None = None, *, own_server: bool = False
) -> "Summary":
    """Ingest as a Prefect flow; see `prepare_prefect` for the server."""
    with prefect_run(parse_place(request.lake), own_server=own_server):
        from flows.ingest import ingest_flow

        summary: Summary = ingest_flow(
            **{**asdict(request), "lake": str(request.lake)}, workers=workers, master=master
        )
    return summary


@contextmanager
def prefect_run(lake: "Place", *, own_server: bool = False) -> Iterator[None]:
    """Prepare Prefect and show the progress of the flow that the body calls."""
    with progress() as on_progress, listening(on_progress):
        on_progress(STARTING, 0, 1)
        prepare_prefect(lake, own_server=own_server)
        yield


@app.command()
def derive(
    lake: LakeOption = DEFAULT_LAKE,
    wait: WaitOption = False,
    engine: EngineOption = "duckdb",
    master: MasterOption = None,
    prefect: PrefectOption = False,
    log_format: LogOption = "text",
) -> None:
    """Rebuild statistics and pair sets, and publish a release.

    Parts are linked as they are; the pair settings are those of the current release.

    Example: wardrobe derive
    """
    run_derive(lake, None, wait=wait, prefect=prefect, master=spark_master(engine, master))


def run_derive(
    lake: "Place",
    settings: "PairSettings | None",
    *,
    wait: bool,
    prefect: bool,
    master: str | None = None,
) -> None:
    """Derive and print the outcome; `settings` as for `pipelines.derive`."""
    if prefect or configured_api():
        with prefect_run(lake):
            from flows.derive import derive_flow

            pairs = None if settings is None else asdict(settings)
            published = derive_flow(lake=str(lake), wait=wait, pairs=pairs, master=master)
            summary = cast("Summary", published)
    else:
        from flows.pipelines.derive import derive as run
        from flows.pipelines.engines import sql_engine

        with progress() as on_progress, sql_engine(master) as engine:
            summary = run(lake, settings, wait=wait, on_progress=on_progress, engine=engine)
    print_summary(summary, lake)


def print_summary(summary: "Summary", lake: "Place") -> None:
    """Print the sentence, the totals by split and the warnings of a run."""
    print(summary.sentence)
    if summary.totals.num_rows:
        print_rows(summary.totals)
    if is_json_log():
        from flows.pipelines.status import release_facts

        print_event(
            FINISHED,
            outcome="unchanged" if summary.verdicts is None else "published",
            reason=summary.sentence,
            **release_facts(lake, summary.release),
            warnings=summary.warnings,
            run=summary.run,
        )
        return
    for warning in summary.warnings:
        print(f"note: {warning}", file=sys.stderr)

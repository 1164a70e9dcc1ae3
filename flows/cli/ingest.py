"""Verbs that make a release: ingest, derive, pairs build."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import (
    DEFAULT_LAKE,
    Dataset,
    LakeOption,
    SplitOption,
    WorkersOption,
)
from flows.cli.output import print_rows
from flows.cli.password import PasswordFileOption, use_password_of
from flows.cli.prefect_settings import prefect_is_configured, quiet_prefect
from flows.cli.progress import progress_reporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.pipelines.derive import PairSettings
    from flows.pipelines.outcome import Summary

PrefectOption = Annotated[
    bool,
    typer.Option("--prefect", help="Through the Prefect flow, also without a configured API."),
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait for another writer instead of leaving.")
]


class LogFormat(StrEnum):
    """How a run tells what it does."""

    text = "text"
    json = "json"


LogOption = Annotated[
    LogFormat, typer.Option("--log-format", help="`json`: one line per event on stderr.")
]


def ingest(
    dataset: Annotated[Dataset, typer.Argument(help="What the source is.")],
    source: Annotated[str, typer.Argument(help="Folder, CSV or zips, as the archives unpack.")],
    lake: LakeOption = DEFAULT_LAKE,
    split: SplitOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Publish nothing, exit 1, if anything is refused.")
    ] = False,
    workers: WorkersOption = None,
    verify_images: Annotated[
        bool | None,
        typer.Option(
            "--verify-images/--no-verify-images",
            help="Decode pictures fully and hash them; else as the release before.",
            show_default=False,
        ),
    ] = None,
    embed_images: Annotated[
        bool | None,
        typer.Option(
            "--embed-images/--no-embed-images",
            help="Store the pictures in the lake too; else as the release before.",
            show_default=False,
        ),
    ] = None,
    side_file: Annotated[
        list[Path] | None,
        typer.Option("--side-file", help="A retrieval list or information file; repeatable."),
    ] = None,
    password_file: PasswordFileOption = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Let splits that the source no longer has go.")
    ] = False,
    allow_shrink: Annotated[
        list[str] | None,
        typer.Option("--allow-shrink", help="A split that may lose over 5 % of its images."),
    ] = None,
    allow_refused: Annotated[
        list[str] | None,
        typer.Option("--allow-refused", help="A split of which over 1 % may be refused."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be rebuilt and why; change nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Publish again after a `wardrobe rollback`.")
    ] = False,
    wait: WaitOption = False,
    prefect: PrefectOption = False,
    log_format: LogOption = LogFormat.text,
) -> None:
    """Read a source and publish a release of its images, items, landmarks, polygons and pairs.

    Unchanged parts are linked from the release before; nothing changed means no new release.

    Example: wardrobe ingest deepfashion2 sample/deepfashion2 --lake lake
    """
    use_password_of(password_file)
    wanted: dict[str, Any] = {
        "dataset": dataset.value,
        "source": source,
        "lake": str(lake),
        "splits": split or [],
        "strict": strict,
        "verify_images": verify_images,
        "embed_images": embed_images,
        "side_files": [str(path.absolute()) for path in side_file or []],
        "prune": prune,
        "allow_shrink": allow_shrink or [],
        "allow_refused": allow_refused or [],
        "resume": resume,
        "wait": wait,
    }
    if dry_run:
        from flows.pipelines.dry_run import preview
        from flows.pipelines.request import request

        print_rows(preview(request(**wanted)))
        return
    print_outcome(run_ingest(wanted, workers, through_prefect=prefect, log_format=log_format))


def run_ingest(
    wanted: dict[str, Any], workers: int | None, *, through_prefect: bool, log_format: LogFormat
) -> "Summary":
    """One ingest, under Prefect when it is configured or asked for, else directly."""
    processes = workers or os.cpu_count() or 1
    if through_prefect or prefect_is_configured():
        quiet_prefect(Path(wanted["lake"]))
        from flows.ingest import ingest_flow

        return outcome_of(lambda: ingest_flow(**wanted, workers=processes))
    from flows.pipelines.ingest import ingest as run
    from flows.pipelines.request import request
    from flows.runners import local_runner

    with progress_reporter(as_json=log_format is LogFormat.json) as on_progress:
        return run(request(**wanted), local_runner(processes), on_progress)


def outcome_of(run_flow: "Callable[[], Summary]") -> "Summary":
    """What a flow returned, or why it published nothing: both are outcomes of a run."""
    from flows.pipelines.outcome import NothingPublished

    if not prefect_is_configured():
        from flows.serve import watch_temporary_server

        watch_temporary_server()
    try:
        return run_flow()
    except NothingPublished as nothing:
        return nothing.summary


def derive(
    lake: LakeOption = DEFAULT_LAKE,
    wait: WaitOption = False,
    prefect: PrefectOption = False,
    log_format: LogOption = LogFormat.text,
) -> None:
    """Make statistics and pair sets anew, and publish them with the parts as they are.

    Example: wardrobe derive
    """
    if prefect or prefect_is_configured():
        quiet_prefect(lake)
        from flows.derive import derive_flow

        print_outcome(outcome_of(lambda: derive_flow(lake=str(lake), wait=wait)))
        return
    _derive(lake, None, wait, log_format)


pairs = typer.Typer(
    help="Pair sets for metric learning.\n\nExample: wardrobe pairs build --kinds negative_random",
    no_args_is_help=True,
)

KINDS_HELP = (
    "negative_same_pair, negative_same_category, negative_random, triplets; repeatable; else all "
    "of them. Positive pairs are always there."
)


@pairs.command("build")
def build_pairs(
    lake: LakeOption = DEFAULT_LAKE,
    negatives_per_positive: Annotated[
        int, typer.Option("--negatives-per-positive", min=1, help="Of each kind, for a positive.")
    ] = 4,
    max_per_query: Annotated[
        int, typer.Option("--max-per-query", min=1, help="Rows of a kind for one consumer item.")
    ] = 50,
    seed: Annotated[str, typer.Option("--seed", help="The same seed gives the same rows.")] = "0",
    kinds: Annotated[list[str] | None, typer.Option("--kinds", help=KINDS_HELP)] = None,
    same_category: Annotated[
        bool,
        typer.Option("--same-category", help="Restrict negative_same_pair to the item's category."),
    ] = False,
    wait: WaitOption = False,
    log_format: LogOption = LogFormat.text,
) -> None:
    """Build positive and negative pairs and triplets; later ingests keep the settings.

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


def _derive(lake: Path, settings: "PairSettings | None", wait: bool, log_format: LogFormat) -> None:
    from flows.pipelines.derive import derive as run
    from flows.pipelines.outcome import derived

    with progress_reporter(as_json=log_format is LogFormat.json) as on_progress:
        outcome = run(lake, settings, wait=wait, on_progress=on_progress)
    print_outcome(derived(*outcome))


def print_outcome(summary: "Summary") -> None:
    """The outcome in words and a table; exit code 1 when nothing was published though asked."""
    print(summary.sentence)
    if summary.totals is not None and summary.totals.num_rows:
        print_rows(summary.totals)
    if summary.refusals is not None and summary.refusals.num_rows:
        print_rows(summary.refusals)
    for warning in summary.warnings:
        print(f"note: {warning}", file=sys.stderr)
    if summary.blocked:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these verbs to the application."""
    app.command()(ingest)
    app.command()(derive)
    app.add_typer(pairs, name="pairs")

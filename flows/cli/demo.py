"""The first command: small sources made, ingested through Prefect, and a question to go on with."""

import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.ingest import outcome_of
from flows.cli.output import print_rows
from flows.cli.prefect_settings import quiet_prefect
from flows.cli.progress import progress

SIZES = {"deepfashion2": 200, "fashionai": 60, "fashion-mnist": 500}
"""Pictures of each generated source: enough to see something, quick to make."""

QUESTION = """\
select category_name, count(*) as items, round(avg(landmarks_visible), 1) as visible_landmarks
from items where dataset = 'deepfashion2' group by category_name order by items desc"""


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put sources, lake and report.")] = Path(
        "wardrobe-demo"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Other pictures.")] = 0,
) -> None:
    """Generate small sources, ingest them through the Prefect flow, and look at the result.

    Needs no network and no server. Run again, it finds everything as it is.

    Example: wardrobe demo
    """
    lake = folder / "lake"
    quiet_prefect(lake)
    from flows.ingest import ingest_flow
    from flows.pipelines.outcome import split_totals
    from flows.pipelines.query import open_release
    from flows.pipelines.report import make_report
    from flows.pipelines.sample import sample_deepfashion2, sample_fashion_mnist, sample_fashionai

    makers = {
        "deepfashion2": sample_deepfashion2,
        "fashionai": sample_fashionai,
        "fashion-mnist": sample_fashion_mnist,
    }
    for dataset, make in makers.items():
        source = folder / "sources" / dataset
        with progress() as on_progress:
            on_progress(f"draw {dataset}", 0, SIZES[dataset])
            if not source.exists():
                make(source, SIZES[dataset], seed)
        wanted = {"dataset": dataset, "source": str(source), "lake": str(lake)}
        summary = outcome_of(partial(ingest_flow, **wanted, workers=min(2, os.cpu_count() or 1)))
        print(f"{dataset}: {summary.sentence}")
    release = open_release(lake, None)
    report = folder / "report.html"
    with progress() as on_progress:
        make_report(lake, None, output=report, on_progress=on_progress)
    print_rows(split_totals(release))
    command = sys.argv[0] if "/" in sys.argv[0] else "wardrobe"
    if command.endswith("__main__.py"):
        command = f"{sys.executable} -m flows"
    at = f"--lake {shlex.quote(str(lake))}"
    print(f"\nsources  {folder / 'sources'}")
    print(f"lake     {lake}  (release {release.id})")
    print(f"report   {report}")
    print(f'\nNext, ask it something:\n\n  {command} sql {at} "{" ".join(QUESTION.split())}"')


def register(app: typer.Typer) -> None:
    """Add this verb to the application."""
    app.command()(demo)

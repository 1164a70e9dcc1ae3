"""The command that shows everything once: demo."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.ingest import run_ingest_flow
from flows.cli.options import output_folder
from flows.cli.output import print_rows
from flows.cli.progress import progress
from flows.pipelines.progress import OnProgress
from flows.pipelines.request import IngestRequest
from schemas.errors import MissingExtra

SIZES = {"deepfashion2": 200, "fashionai": 60, "fashion-mnist": 500}
"""Pictures of each generated source."""

QUERY = """\
select category_name, count(*) as items, round(avg(landmarks_visible), 1) as visible_landmarks
from items where dataset = 'deepfashion2' group by category_name order by items desc"""


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Argument(help="Folder for sources, lake and report.", callback=output_folder)
    ] = Path("wardrobe-demo"),
    seed: Annotated[int, typer.Option(help="Another seed draws other pictures.")] = 0,
) -> None:
    """Generate small sources and ingest them with Prefect.

    Writes a report, if its extra is installed, and prints the totals. Needs no network and no
    server.

    Example: wardrobe demo
    """
    from flows.pipelines.outcome import split_totals
    from flows.pipelines.report import STEPS, make_report
    from flows.pipelines.sample import write_sample
    from flows.pipelines.tables import open_release

    lake, report = folder / "lake", folder / "report.html"
    for dataset, images in SIZES.items():
        source = folder / "sources" / dataset
        if not source.exists():
            with _one_bar(f"draw {dataset}", images) as on_progress:
                write_sample(dataset, source, images, seed, on_progress=on_progress)
        request = IngestRequest(dataset, str(source), str(lake))
        # A second process would take longer to start than to build its half.
        print(f"{dataset}: {run_ingest_flow(request, workers=1, own_server=True).sentence}")
    release = open_release(lake, None)
    written = str(report)
    try:
        with _one_bar("report", len(STEPS)) as on_progress:
            make_report(lake, None, output=report, on_progress=on_progress)
    except MissingExtra as missing:
        written = f"not written: {missing}"
    print_rows(split_totals(release))
    command = sys.argv[0] if "/" in sys.argv[0] else "wardrobe"
    if command.endswith("__main__.py"):
        command = f"{sys.executable} -m flows"
    option = f"--lake {shlex.quote(str(lake))}"
    print(f"\nsources  {folder / 'sources'}")
    print(f"lake     {lake}  (release {release.id})")
    print(f"report   {written}")
    print(f'\nNext, run a query:\n\n  {command} sql {option} "{" ".join(QUERY.split())}"')


@contextmanager
def _one_bar(name: str, of: int) -> Iterator[OnProgress]:
    """Show the events of all stages as one, from its start to its end."""
    with progress() as on_progress:

        def renamed(what: str, done: int, of: int, **facts: object) -> None:
            on_progress(name, done, of)

        renamed(name, 0, of)
        yield renamed
        renamed(name, of, of)

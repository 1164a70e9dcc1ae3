"""The verb that serves a schedule: serve."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import DEFAULT_LAKE, Dataset, LakeOption, SplitOption, WorkersOption
from flows.cli.prefect_settings import prefect_is_configured, quiet_prefect
from schemas.errors import InputError


def serve(
    dataset: Annotated[Dataset, typer.Argument(help="What the source is.")],
    source: Annotated[Path, typer.Argument(help="Folder, CSV or zips to look at each time.")],
    cron: Annotated[str, typer.Option("--cron", help="When: minute hour day month weekday, UTC.")],
    lake: LakeOption = DEFAULT_LAKE,
    split: SplitOption = None,
    workers: WorkersOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Publish nothing if anything is refused.")
    ] = False,
) -> None:
    """Register a schedule with the configured Prefect server and run what falls due.

    Needs a server: start one with `prefect server start` and set PREFECT_API_URL.

    Example: wardrobe serve --cron "0 3 * * *" deepfashion2 /data/deepfashion2 --lake /data/lake
    """
    if not prefect_is_configured():
        raise InputError(
            "a schedule needs a Prefect server: run `prefect server start`, then "
            "`export PREFECT_API_URL=http://127.0.0.1:4200/api`, and serve again"
        )
    quiet_prefect(lake, service=True)
    from flows.pipelines.request import request

    # What is wrong now would be wrong every night.
    request(dataset=dataset.value, source=str(source), lake=str(lake), splits=split or ())
    from flows.ingest import ingest_flow
    from flows.serve import serve_flow

    parameters = {"dataset": dataset.value, "source": str(source.absolute())}
    parameters["lake"] = str(lake.absolute())
    chosen = {"splits": split, "workers": workers, "strict": strict}
    given = {name: value for name, value in chosen.items() if value}
    serve_flow(ingest_flow, f"{dataset.value}-scheduled", {**parameters, **given}, cron=cron)


def register(app: typer.Typer) -> None:
    """Add this verb to the application."""
    app.command()(serve)

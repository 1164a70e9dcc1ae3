"""The command that ingests on a schedule: serve."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.options import WorkersOption, takes_ingest_options
from flows.cli.prefect_settings import configured_api, quiet_prefect
from flows.pipelines.request import IngestRequest
from schemas.errors import InputError


@app.command(epilog="Topic: wardrobe help schedules")
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

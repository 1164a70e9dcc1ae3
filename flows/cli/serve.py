"""The command that ingests on a schedule: serve."""

from dataclasses import asdict
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.options import (
    MasterOption,
    PartEngineOption,
    PasswordFileOption,
    WorkersOption,
    spark_options,
    takes_ingest_options,
    use_password_of,
)
from flows.cli.prefect_settings import configured_api, quiet_prefect
from flows.pipelines.request import IngestRequest, parse_place
from schemas.errors import InputError


@app.command(epilog="Topic: wardrobe help schedules")
@takes_ingest_options()
def serve(
    request: IngestRequest,
    cron: Annotated[str, typer.Option(help="minute hour day month weekday.")],
    timezone: Annotated[
        str, typer.Option(help="Time zone of --cron, such as Europe/Zurich.")
    ] = "UTC",
    workers: WorkersOption = None,
    password_file: PasswordFileOption = None,
    engine: PartEngineOption = "local",
    master: MasterOption = None,
) -> None:
    """Ingest on a schedule of the Prefect server, until interrupted.

    Each run takes the options given here.

    Needs a server: start one with `prefect server start` and set PREFECT_API_URL.

    Example: wardrobe serve --cron "0 3 * * *" deepfashion2 /data/deepfashion2 --lake /data/lake
    """
    use_password_of(password_file)
    master, workers = spark_options(engine, master, workers)
    if not configured_api():
        raise InputError(
            "a schedule needs a Prefect server: run `prefect server start`, then "
            "`export PREFECT_API_URL=http://127.0.0.1:4200/api`, and serve again"
        )
    lake = parse_place(request.lake).absolute()
    quiet_prefect(lake, service=True)
    from flows.ingest import ingest_flow
    from flows.serve import serve_flow

    location = request.location
    side_files = [str(path) for path in location.side_files]
    places = {"source": str(location.path), "lake": str(lake), "side_files": side_files}
    options = {**asdict(request), **places, "workers": workers, "master": master}
    # The flow has the same defaults; False of an option that is remembered is not one of them.
    parameters = {name: value for name, value in options.items() if value not in (None, (), [])}
    serve_flow(ingest_flow, f"{request.dataset}-scheduled", parameters, cron, timezone)

"""Deployments with a schedule, served from this process against a configured Prefect server."""

from typing import Any

from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import EntrypointType

from schemas.errors import InputError


def serve_flow(
    flow: Flow[..., Any],
    name: str,
    parameters: dict[str, Any],
    *,
    cron: str | None = None,
    interval: float | None = None,
) -> None:
    """Register a flow under a schedule and run what falls due, until interrupted.

    The schedule is a cron line (UTC) or an interval in seconds. One run at a time: what falls due
    meanwhile follows when the first is over, and the lake's own lock holds against runs that
    others start. Raises InputError when the line is no cron line.
    """
    if cron is not None:
        try:
            CronSchedule(cron=cron)
        except ValueError as error:
            raise InputError(
                f"{cron!r} is no cron line: give minute, hour, day, month and weekday, "
                'as in "0 3 * * *"'
            ) from error
    flow.serve(
        name=name,
        cron=cron,
        interval=interval,
        parameters=parameters,
        tags=["wardrobe"],
        # This process's own limit, which dies with it. The server's would not be given back when
        # server and run die together (a power cut), and every later run would be cancelled.
        limit=1,
        # The path form would put flows/ itself first on sys.path.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )

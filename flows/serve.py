"""Deployments with a schedule, served from this process against a configured Prefect server."""

from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.flows import EntrypointType


def serve_flow(flow: Flow[..., Any], name: str, parameters: dict[str, Any], cron: str) -> None:
    """Register a flow under a cron schedule (UTC) and run what falls due, until interrupted.

    One run at a time: a second one that falls due meanwhile is cancelled, and the lake's own
    lock holds where the server's limit does not.
    """
    flow.serve(
        name=name,
        cron=cron,
        parameters=parameters,
        tags=["wardrobe"],
        limit=1,
        global_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        # The path form would put flows/ itself first on sys.path.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )

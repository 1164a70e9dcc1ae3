"""Deployments with a schedule, served from this process against a configured Prefect server."""

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.flows import EntrypointType

from flows.ingest import ingest_flow


def serve_ingest(
    dataset: str, source: str, lake: str, splits: list[str], workers: int | None, cron: str
) -> None:
    """Register one ingest under a cron schedule and run what falls due, until interrupted.

    One run at a time: a second one that falls due meanwhile is cancelled, and the lake's own
    lock holds where the server's limit does not.
    """
    ingest_flow.serve(
        name=f"{dataset}-scheduled",
        cron=cron,
        parameters={
            "dataset": dataset,
            "source": source,
            "lake": lake,
            "splits": splits,
            **({"workers": workers} if workers else {}),
        },
        tags=["wardrobe"],
        limit=1,
        global_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        # The path form would put flows/ itself first on sys.path.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )

"""The command that builds pair sets: pairs build."""

from typing import Annotated

import typer

from flows.cli.app import command_group
from flows.cli.ingest import run_derive
from flows.cli.options import DEFAULT_LAKE, LakeOption, LogOption, PrefectOption, WaitOption

pairs = command_group(
    "pairs",
    "Build pair sets for metric learning.\n\nExample: wardrobe pairs build --kinds negative_random",
)


@pairs.command("build", epilog="Topic: wardrobe help pairs")
def build_pairs(
    lake: LakeOption = DEFAULT_LAKE,
    negatives_per_positive: Annotated[
        int,
        typer.Option(min=1, help="Negatives of each kind per positive."),
    ] = 4,
    max_per_query: Annotated[
        int, typer.Option(min=1, help="Limit per kind of negatives and consumer item.")
    ] = 50,
    max_positives: Annotated[
        int, typer.Option(min=1, help="Limit of positive pairs per consumer item.")
    ] = 1_000,
    seed: Annotated[str, typer.Option(help="The same seed gives the same rows.")] = "0",
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            help="negative_same_pair, negative_same_category, negative_random or triplets; "
            "repeatable; default: all. Positive pairs are always included.",
        ),
    ] = None,
    same_category: Annotated[
        bool,
        typer.Option("--same-category", help="Restrict negative_same_pair to the item's category."),
    ] = False,
    wait: WaitOption = False,
    prefect: PrefectOption = False,
    log_format: LogOption = "text",
) -> None:
    """Build pairs and triplets; later ingests keep the settings.

    Example: wardrobe pairs build --negatives-per-positive 4 --seed 7
    """
    from flows.pipelines.derive import ALL_KINDS, PairSettings

    settings = PairSettings(
        kinds=tuple(kinds or ALL_KINDS),
        negatives_per_positive=negatives_per_positive,
        max_per_query=max_per_query,
        max_positives=max_positives,
        seed=seed,
        same_category=same_category,
    )
    run_derive(lake, settings, wait=wait, prefect=prefect)

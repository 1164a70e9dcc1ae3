"""Commands for pair sets: pairs build."""

from typing import Annotated

import typer

from flows.cli.app import command_group
from flows.cli.ingest import print_summary
from flows.cli.options import DEFAULT_LAKE, LakeOption, LogOption, WaitOption
from flows.cli.progress import progress

pairs = command_group(
    "pairs",
    "Build pair sets for metric learning.\n\nExample: wardrobe pairs build --kinds negative_random",
)


@pairs.command()
def build(
    lake: LakeOption = DEFAULT_LAKE,
    negatives_per_positive: Annotated[
        int,
        typer.Option(
            "--negatives-per-positive", min=1, help="Negatives of each kind per positive."
        ),
    ] = 4,
    max_per_query: Annotated[
        int, typer.Option("--max-per-query", min=1, help="Limit per kind and consumer item.")
    ] = 50,
    seed: Annotated[str, typer.Option("--seed", help="The same seed gives the same rows.")] = "0",
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kinds",
            help="negative_same_pair, negative_same_category, negative_random or triplets; "
            "repeatable; default: all. Positive pairs are always included.",
        ),
    ] = None,
    same_category: Annotated[
        bool,
        typer.Option("--same-category", help="Restrict negative_same_pair to the item's category."),
    ] = False,
    wait: WaitOption = False,
    log_format: LogOption = "text",
) -> None:
    """Build pairs and triplets; later ingests keep the settings.

    Example: wardrobe pairs build --negatives-per-positive 4 --seed 7
    """
    from flows.pipelines.derive import ALL_KINDS, PairSettings, derive

    settings = PairSettings(
        kinds=tuple(kinds or ALL_KINDS),
        negatives_per_positive=negatives_per_positive,
        max_per_query=max_per_query,
        seed=seed,
        same_category=same_category,
    )
    with progress(as_json=log_format == "json") as on_progress:
        summary = derive(lake, settings, wait=wait, on_progress=on_progress)
    print_summary(summary)

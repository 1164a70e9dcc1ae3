"""Names that the shell completes: of tables, queries, checks, rules, releases and splits."""

from collections.abc import Callable, Iterable
from typing import Any

import typer

from schemas.datasets import DATASETS
from schemas.errors import InputError
from schemas.rejection_rules import RULES

Complete = Callable[[typer.Context, str], list[str]]
"""What typer calls with the words so far and the beginning of a name."""


def _completes(names: Callable[[dict[str, Any]], Iterable[str]]) -> Complete:
    """Complete with the names for the parameters so far, or with none where they fail."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        # Whatever fails, a message would damage the line that is being typed.
        try:
            return [name for name in names(ctx.params) if name.startswith(incomplete)]
        except Exception:
            return []

    return complete


def _tables(parameters: dict[str, Any]) -> Iterable[str]:
    from flows.pipelines.query import table_names

    return table_names()


def _queries(parameters: dict[str, Any]) -> Iterable[str]:
    from flows.pipelines.query import query_list

    return query_list()["query"].to_pylist()


def _checks(parameters: dict[str, Any]) -> Iterable[str]:
    from flows.pipelines.query import check_list

    return check_list()["check"].to_pylist()


def _releases(parameters: dict[str, Any]) -> Iterable[str]:
    from flows.pipelines.releases import release_ids

    return release_ids(parameters["lake"])


def _splits(parameters: dict[str, Any]) -> Iterable[str]:
    """Those of the release, or of the data set where there is none yet."""
    from flows.pipelines.tables import open_release

    dataset = parameters["dataset"]
    try:
        release = open_release(parameters["lake"], parameters.get("release"))
    except InputError:
        return DATASETS[dataset].splits
    return [split for other, split in release.splits("images") if other == dataset]


complete_table = _completes(_tables)
complete_query = _completes(_queries)
complete_check = _completes(_checks)
complete_release = _completes(_releases)
complete_split = _completes(_splits)
complete_rule = _completes(lambda parameters: RULES)

"""The relations that a warehouse has: declared tables, statistics and views, in order."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter

from flows.warehouse.queries import Query, queries
from schemas import TABLES, Table
from schemas.predictions import PREDICTIONS

RELATION_KINDS = ("statistics", "views")
"""The folders of sql/ whose queries are relations too."""


def sources(only: Collection[str] | None = None) -> Iterator[tuple[str, Table | str]]:
    """Name of each relation with its declaration or SELECT, after those it reads.

    `only` names relations to include, with what these read; without it all are.
    """
    selects: dict[str, Query] = {}
    if only is None or not TABLES.keys() >= {*only}:  # else no header of sql/ is parsed
        selects = {query.name: query for kind in RELATION_KINDS for query in queries(kind)}
    for name in _in_order(only, selects):
        if name not in selects:
            yield name, (TABLES | PREDICTIONS)[name]
        elif selects[name].kind == "views":
            # An engine would sort all rows for every query that reads the view.
            yield name, selects[name].text.rpartition("order by")[0]
        else:
            yield name, selects[name].text


def _in_order(only: Collection[str] | None, selects: Mapping[str, Query]) -> Iterable[str]:
    """Names of relations, each after those it reads: a view binds them when it is created."""
    reads: dict[str, tuple[str, ...]] = {}
    waiting = [*TABLES, *selects] if only is None else [*only]
    while waiting:
        name = waiting.pop()
        reads[name] = selects[name].reads if name in selects else ()
        waiting += [other for other in reads[name] if other not in reads]
    return TopologicalSorter(reads).static_order()

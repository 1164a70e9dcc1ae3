"""What changed since the parent release, and what can be taken from it for the rest.

In: a staged release with all its parts. Out: names of parts, the parent's files and counts, and
which queries would read the same rows again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.lake import PART_COUNTS, Staging, versions
from flows.release.manifest import STATISTICS
from flows.warehouse import Files, Query, part_counts, read_columns
from schemas import TABLES

VOCABULARIES = ("categories", "landmark_types")


@dataclass(frozen=True)
class PartChanges:
    """The `parts` to judge, and the PART_COUNTS that are `kept` of all others.

    `before` has the parent's files of these parts, also of those that were removed, to subtract
    their numbers from its statistics; None when statistics have to be computed from all parts.
    `has_result` says whether the parent has the result of a query already, because the rows that it
    reads and its parameters are the parent's; what it reads has to be staged by then.
    """

    parts: frozenset[str]
    before: Files | None
    kept: pa.Table
    has_result: Callable[[Query], bool]


def all_parts(staging: Staging) -> PartChanges:
    """All parts are judged and nothing is taken from the parent."""
    return PartChanges(frozenset(staging.parts), None, part_counts([]), lambda query: False)


def part_changes(staging: Staging, sql: str, settings: Mapping[str, Any]) -> PartChanges:
    """The changes against the parent, or all parts where its results are not to be used.

    Its results are used when the same SQL (its hash is `sql`), versions and vocabularies gave them,
    and when the files that hold them, and the parent's files of changed parts, have their recorded
    bytes. Files of unchanged parts are not read. `settings` are the parameters of queries.
    """
    parent = staging.parent
    if (
        parent is None
        or parent.manifest.parameters.get("sql") != sql
        or parent.manifest.versions != versions()
        or not all(map(staging.is_unchanged, VOCABULARIES))
    ):
        return all_parts(staging)
    parts = staging.changed_parts()
    before, counts = staging.replaced_files(parts), staging.stored_rows(PART_COUNTS)
    if before is None or counts is None:
        return all_parts(staging)
    kept = counts.filter(pc.invert(pc.is_in(counts["part"], pa.array(parts, pa.string()))))
    columns = staging.changed_columns()
    former = parent.manifest.parameters.get("pairs", {})
    changed = {name for name, value in settings.items() if former.get(name) != value}

    def is_unchanged(table: str, names: frozenset[str]) -> bool:
        if table in TABLES and not TABLES[table].derived:
            return names.isdisjoint(columns.get(table, ()))
        return staging.is_unchanged(table if table in TABLES else STATISTICS + table)

    def has_result(query: Query) -> bool:
        reads = read_columns(query).items()
        return changed.isdisjoint(query.param_names) and all(is_unchanged(*read) for read in reads)

    # More than half of the parts are read twice: that costs more than to read all parts once.
    adds_up = 2 * len(parts) <= len(staging.parts)
    return PartChanges(parts, before if adds_up else None, kept, has_result)

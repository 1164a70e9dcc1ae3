"""What changed since the parent release, and what can be taken from it for the rest.

In: a staged release with all its parts. Out: names of parts, the parent's files and counts.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from flows.lake import PART_COUNTS, Staging, versions
from flows.warehouse import Files, part_counts

VOCABULARIES = ("categories", "landmark_types")


@dataclass(frozen=True)
class PartChanges:
    """The `parts` to judge, and the PART_COUNTS that are `kept` of all others.

    `before` has the parent's files of these parts, also of those that were removed, to subtract
    their numbers from its statistics; None when statistics have to be computed from all parts.
    """

    parts: frozenset[str]
    before: Files | None
    kept: pa.Table


def all_parts(staging: Staging) -> PartChanges:
    """All parts are judged and nothing is taken from the parent."""
    return PartChanges(frozenset(staging.parts), None, part_counts([]))


def part_changes(staging: Staging, sql: str) -> PartChanges:
    """The changes against the parent, or all parts where its results are not to be used.

    Its results are used when the same SQL (its hash is `sql`), versions and vocabularies gave them,
    and when the files that hold them, and the parent's files of changed parts, have their recorded
    bytes. Files of unchanged parts are not read.
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
    # More than half of the parts are read twice: that costs more than to read all parts once.
    return PartChanges(parts, None if 2 * len(parts) > len(staging.parts) else before, kept)

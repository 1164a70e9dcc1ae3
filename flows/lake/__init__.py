"""Rows -> Parquet parts, releases of them, and the record of what is in each.

In: parts, tables as Arrow. Out: a release, published whole or not at all; older ones to go back to.
May import: schemas, flows.storage, flows.release. A release is plain Parquet; readers
need nothing of this.
"""

from flows.lake.damage import describe_damage, is_inside
from flows.lake.lake import Lake
from flows.lake.lock import Abandoned, LakeBusy
from flows.lake.plan import Part, Plan, plan_parts, refused_splits, shrunk_splits
from flows.lake.staging import CountMismatch, Staging
from flows.lake.write import write_part
from flows.release.manifest import FileRecord, Manifest, Receipt
from flows.release.release import Release, differing_files

__all__ = [
    "Abandoned",
    "CountMismatch",
    "FileRecord",
    "Lake",
    "LakeBusy",
    "Manifest",
    "Part",
    "Plan",
    "Receipt",
    "Release",
    "Staging",
    "describe_damage",
    "differing_files",
    "is_inside",
    "plan_parts",
    "refused_splits",
    "shrunk_splits",
    "write_part",
]

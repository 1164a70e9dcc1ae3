"""Writing of a lake: arranged sources and tables of parts come in, published releases go out.

A release is published whole or not at all; older ones stay to go back to. It is plain Parquet that
readers need nothing of this for. May import: schemas, flows.storage, flows.release.
"""

from flows.lake.changes import versions
from flows.lake.lake import Lake
from flows.lake.last_runs import RunEnd, last_failure, last_success, record_run
from flows.lake.lock import LakeBusy
from flows.lake.object_lake import ObjectLake, open_lake
from flows.lake.plan import Part, Plan, part_size, plan_parts, refused_splits, shrunk_splits
from flows.lake.releases import LakeReleases
from flows.lake.staging import CountMismatch, Staging
from flows.lake.write import PART_COUNTS, write_part

__all__ = [
    "PART_COUNTS",
    "CountMismatch",
    "Lake",
    "LakeBusy",
    "LakeReleases",
    "ObjectLake",
    "Part",
    "Plan",
    "RunEnd",
    "Staging",
    "last_failure",
    "last_success",
    "open_lake",
    "part_size",
    "plan_parts",
    "record_run",
    "refused_splits",
    "shrunk_splits",
    "versions",
    "write_part",
]

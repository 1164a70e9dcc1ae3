"""Writing of a lake: arranged sources and tables of parts come in, published releases go out.

A release is published whole or not at all; older ones stay to go back to. It is plain Parquet that
readers need nothing of this for. May import: schemas, flows.storage, flows.release.
"""

from flows.lake.lake import Lake
from flows.lake.lock import LakeBusy
from flows.lake.plan import Part, Plan, plan_parts, refused_splits, shrunk_splits
from flows.lake.staging import CountMismatch, Staging
from flows.lake.write import write_part
from flows.release import FileRecord, Manifest, Receipt, Release, differing_files

__all__ = [
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
    "differing_files",
    "plan_parts",
    "refused_splits",
    "shrunk_splits",
    "write_part",
]

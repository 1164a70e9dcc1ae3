"""Writing of a lake: arranged sources and tables of parts come in, published releases go out.

A release is published whole or not at all; older ones stay to go back to. It is plain Parquet that
readers need nothing of this for. May import: schemas, flows.storage, flows.release.
"""

from flows.lake.lake import Lake
from flows.lake.lock import LakeBusy
from flows.lake.plan import Part, Plan, plan_parts, refused_splits, shrunk_splits
from flows.lake.staging import CountMismatch, Staging
from flows.lake.write import write_part

__all__ = [
    "CountMismatch",
    "Lake",
    "LakeBusy",
    "Part",
    "Plan",
    "Staging",
    "plan_parts",
    "refused_splits",
    "shrunk_splits",
    "write_part",
]

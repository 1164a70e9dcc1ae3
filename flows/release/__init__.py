"""Published releases, read-only: a lake's folder comes in; manifests and file paths go out.

May import `schemas` and `flows.storage`. Whatever reads or writes a lake may import this.
"""

from flows.release.damage import describe_damage, is_inside, require_files, require_readable
from flows.release.fold import Fold
from flows.release.manifest import FileRecord, Manifest, PartRecord, Receipt
from flows.release.release import Release, differing_files, last_read
from flows.release.release_file import arrow_input
from flows.release.resolve import open_release
from flows.release.selection import (
    LeftOutCounts,
    describe_left_out,
    require_annotations,
    require_half,
    require_rows,
)

__all__ = [
    "FileRecord",
    "Fold",
    "LeftOutCounts",
    "Manifest",
    "PartRecord",
    "Receipt",
    "Release",
    "arrow_input",
    "describe_damage",
    "describe_left_out",
    "differing_files",
    "is_inside",
    "last_read",
    "open_release",
    "require_annotations",
    "require_files",
    "require_half",
    "require_readable",
    "require_rows",
]

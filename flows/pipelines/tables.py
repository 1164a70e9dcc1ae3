"""A release of a lake, and the tables in it. Needs no engine."""

from collections import defaultdict

import pyarrow as pa

from flows.release import FileRecord, Manifest, Release
from flows.release.manifest import STATISTICS
from flows.release.resolve import find_release, lake_root
from flows.storage.place import Place
from schemas import TABLES


def open_release(lake: str | Place, release: str | None) -> Release:
    """The release of this id, or the current one: resolved once. Raises InputError."""
    return find_release(lake_root(lake), release)


def table_rows(manifest: Manifest) -> pa.Table:
    """One row per table and statistic of a manifest: rows, bytes, files, partitions."""
    files: dict[str, list[FileRecord]] = defaultdict(list)
    for record in manifest.readable_files:
        files[record.table].append(record)
    order = [name for name in TABLES if name in files] + sorted(files.keys() - TABLES.keys())
    rows = [
        {
            "table": name.removeprefix(STATISTICS),  # as SQL names a statistic
            "rows": sum(record.rows for record in files[name]),
            "bytes": sum(record.bytes for record in files[name]),
            "files": len(files[name]),
            "partitions": ", ".join(sorted({_partition(file.path) for file in files[name]} - {""})),
        }
        for name in order
    ]
    return pa.Table.from_pylist(rows)


def _partition(path: str) -> str:
    return "/".join(step.partition("=")[2] for step in path.split("/") if "=" in step)

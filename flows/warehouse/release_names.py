"""Files of a release by table -> their names in `release://`, and what DuckDB reads for a table."""

import os
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from flows.release.file_system import PROTOCOL
from flows.storage.objects import ObjectPath
from flows.storage.place import Place
from schemas import TABLES

Files = Mapping[str, Sequence[Place]]
"""Where the files of tables and statistics are, by name."""


class ReleaseNames:
    """The files of tables under their names in `release://`, whatever folder the release is in.

    A name is the path below the release (`items/dataset=fashionai/split=train/part-00000.parquet`),
    so that DuckDB takes no folder above the release for a partition. Characters that a pattern or
    a URL reads in a special way are %-encoded; so are bytes that are not UTF-8.

    `tables` has what DuckDB reads by table: a pattern for all files of a partitioned table, which
    it resolves at once, where each name in a list costs a call for each view that is made.

    With `by_part` the split of a row is followed by the number of its part: `train.3`.
    """

    def __init__(self, files: Files, *, by_part: bool = False) -> None:
        self._by_part = by_part
        self.paths: dict[str, Place] = {}
        self.tables: dict[str, list[str]] = {}
        for table, paths in files.items():
            names = [self._add(table, path) for path in paths]
            pattern = [f"{PROTOCOL}://{table}/**"] if names else []
            self.tables[table] = pattern if _partition_keys(table) else names

    def _add(self, table: str, path: Place) -> str:
        keys = _partition_keys(table)
        folder = f"{table}/" if keys else "".join(table.rpartition("/")[:2])
        steps = list(path.parts[-len(keys) - 1 :])
        if keys and self._by_part:
            steps[-2] += f".{part_number(path)}"
        name = "/".join(quote(os.fsencode(step), safe="=") for step in steps)
        # Two releases may be read at once, to compare them.
        while self.paths.setdefault(folder + name, path) != path:
            folder += "other/"
        return f"{PROTOCOL}://{folder}{name}"

    @property
    def has_objects(self) -> bool:
        """Whether some of the files are objects of a store."""
        return any(isinstance(place, ObjectPath) for place in self.paths.values())


def part_number(path: Place) -> int:
    """3 for `.../part-00003.parquet`."""
    return int(path.name.removesuffix(".parquet").rpartition("-")[2])


def _partition_keys(table: str) -> tuple[str, ...]:
    return TABLES[table].partition_by if table in TABLES else ()

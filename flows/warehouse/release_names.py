"""Names of a release's files in `release://`: files by table in, the names that SQL reads out."""

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
    """

    def __init__(self, files: Files) -> None:
        self.paths: dict[str, Place] = {}
        self.tables = {
            table: [self._add(table, path) for path in paths] for table, paths in files.items()
        }

    def _add(self, table: str, path: Place) -> str:
        keys = TABLES[table].partition_by if table in TABLES else ()
        folder = [table] if keys else table.split("/")[:-1]
        steps = [*folder, *path.parts[-len(keys) - 1 :]]
        name = "/".join(quote(os.fsencode(step), safe="=") for step in steps)
        # Two releases may be read at once, to compare them.
        while self.paths.setdefault(name, path) != path:
            name = f"other/{name}"
        return f"{PROTOCOL}://{name}"

    @property
    def has_objects(self) -> bool:
        """Whether some of the files are objects of a store."""
        return any(isinstance(place, ObjectPath) for place in self.paths.values())

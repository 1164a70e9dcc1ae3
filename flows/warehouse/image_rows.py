"""Rows of a few images: their keys in, a SELECT that reads only the files of their parts out."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from flows.release import Manifest
from flows.release.file_system import PROTOCOL
from flows.release.manifest import part_of_image
from flows.release.release import TABLES_BY_IMAGE
from flows.warehouse.connect import text_literal
from schemas import TABLES
from schemas.table import ImageKey


class ImageRows:
    """SELECTs over single files, for a connection of `open_read_only`.

    A view opens the footers of all files of a split, and resolves their names in each statement.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._inputs = manifest.inputs
        self._files: dict[tuple[str, str], list[str]] = defaultdict(list)
        for file in manifest.files:
            if file.rows and file.path.count("/") == 3:
                split = "/".join(step.partition("=")[2] for step in file.path.split("/")[1:3])
                place = file.part if file.table in TABLES_BY_IMAGE else split
                name = f"{PROTOCOL}://{quote(file.path, safe='/=')}"
                self._files[file.table, place or ""].append(text_literal(name))

    def select(self, table: str, keys: Sequence[ImageKey]) -> str | None:
        """The rows of a declared table about these images, by key; None where no file has any."""
        by_split: dict[tuple[str, str], list[ImageKey]] = defaultdict(list)
        for key in keys:
            by_split[key[:2]].append(key)
        selects = [
            select
            for (dataset, split), own in by_split.items()
            for select in self._of_split(table, dataset, split, own)
        ]
        order = ", ".join(TABLES[table].key)
        return f"{' union all '.join(selects)} order by {order}" if selects else None

    def _of_split(
        self, table: str, dataset: str, split: str, keys: Sequence[ImageKey]
    ) -> Iterator[str]:
        # A request may name splits that the release does not have.
        if table not in TABLES_BY_IMAGE:
            places = {f"{dataset}/{split}"}
        else:
            places = {part_of_image(self._inputs, key) for key in keys}
        files = [file for place in sorted(places) for file in self._files.get((table, place), ())]
        if files:
            # With values in the statement, not a join, DuckDB reads the row groups of these images.
            numbers = ", ".join(str(int(key[2])) for key in keys)
            yield (
                f"select {', '.join(TABLES[table].schema.names)} "
                f"from read_parquet([{', '.join(files)}], hive_partitioning = true, "
                "hive_types = {'dataset': VARCHAR, 'split': VARCHAR}) "
                f"where image_id in ({numbers})"
            )

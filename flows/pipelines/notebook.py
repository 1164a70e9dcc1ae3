"""A release in a notebook: tables as Arrow, Polars and DuckDB, and training samples."""

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from flows.pipelines import query, tables
from flows.release import Release
from flows.release.file_system import ReleaseFiles
from flows.release.manifest import STATISTICS
from flows.storage.objects import ObjectPath
from flows.storage.place import Place, parse_place
from flows.warehouse import Warehouse, open_warehouse
from schemas import TABLES
from schemas.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from flows.feed import Feed


def open_release(
    lake: str | os.PathLike[str] | None = None, release: str | None = None
) -> "ReleaseReader":
    """The release of a lake that is current now, or the one whose id starts with `release`.

    `lake` is the folder of a lake or `s3://bucket/prefix`; default: $WARDROBE_LAKE or ./lake. Later
    publications do not change what is read. Raises InputError when it does not exist.
    """
    place = parse_place(lake or os.environ.get("WARDROBE_LAKE") or "lake")
    if isinstance(place, Path):
        place = place.expanduser()
    return ReleaseReader(tables.open_release(place, release))


class ReleaseReader:
    """The tables and statistics of one release, by the names they have in SQL.

    Every method that takes a name raises InputError for an unknown one.
    """

    def __init__(self, release: Release) -> None:
        self._release = release
        self._files: dict[str, list[Place]] = {name: [] for name in TABLES}
        for name, paths in release.tables().items():
            self._files[name.removeprefix(STATISTICS)] = paths

    @property
    def id(self) -> str:
        """The id of the release; `open_release(lake, id)` opens it again."""
        return self._release.id

    @property
    def path(self) -> Place:
        """The folder or prefix of its Parquet files."""
        return self._release.path

    @property
    def tables(self) -> dict[str, int]:
        """Rows by table, then by statistic."""
        rows = dict.fromkeys(self._files, 0)
        for file in self._release.manifest.files:
            if (name := file.table.removeprefix(STATISTICS)) in rows:
                rows[name] += file.rows
        return rows

    def arrow(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,
    ) -> pa.Table:
        """A table in memory, with the declared types; each field's metadata describes it.

        `columns` and `filter` (as `pyarrow.compute.field("split") == "train"`) select what is read.
        """
        names = None if columns is None else list(columns)
        return self._dataset(name).to_table(columns=names, filter=filter)

    def _dataset(self, name: str) -> pads.Dataset:
        table, files = TABLES.get(name), self._files_of(name)
        if not files:
            return pads.dataset(TABLES[name].schema.empty_table())
        keys = [table.schema.field(key) for key in table.partition_by] if table else []
        paths, start, source = list(map(str, files)), str(self.path), {}
        if isinstance(self.path, ObjectPath):
            named = {str(file).removeprefix(f"{self.path}/"): file for file in files}
            paths, start, source = list(named), "", {"filesystem": ReleaseFiles(named)}
        return pads.dataset(
            paths,
            schema=table.schema if table else None,
            partitioning=pads.partitioning(pa.schema(keys), flavor="hive"),
            partition_base_dir=start,
            **source,
        )

    def polars(self, name: str) -> "pl.LazyFrame":
        """A table as a lazy frame: `.collect()` reads the files, partitions and columns it needs.

        Raises InputError where the lake's path has a folder with `=` in its name.
        """
        # Not at the top: a feed forks workers, which Polars does not survive.
        import polars as pl

        files = self._files_of(name)
        if not files:
            return pl.LazyFrame(self.arrow(name))
        if isinstance(self.path, ObjectPath):
            return pl.scan_pyarrow_dataset(self._dataset(name))
        if any("=" in step for step in self.path.parts):
            raise InputError(
                f"Polars takes a folder with = in its name for a column, so it cannot read "
                f"{self.path}: use arrow({name!r}) or duckdb()."
            )
        keys = TABLES[name].partition_by if name in TABLES else ()
        frame = pl.scan_parquet(
            list(map(str, files)),
            glob=False,
            hive_partitioning=bool(keys),
            hive_schema=dict.fromkeys(keys, pl.String) or None,
        )
        return frame.select(TABLES[name].schema.names) if name in TABLES else frame

    def duckdb(self) -> Warehouse:
        """A new DuckDB connection in memory, with the tables, statistics and views.

        It is an ordinary connection, which can also read data frames and files. The views read the
        release through a file system that cannot write.
        """
        return open_warehouse(self._release.tables())

    def feed(self, dataset: str, split: str, **options: Any) -> "Feed":
        """Training samples of a split; the options are those of flows.feed.Feed."""
        from flows.feed import Feed

        return Feed(self.path, dataset, split, **options)

    def __repr__(self) -> str:
        rows = "\n".join(f"  {name}: {count:,} rows" for name, count in self._tables_with_rows())
        return f"{self._title()}\n{rows}\n  statistics: {', '.join(self._statistics())}"

    def _repr_html_(self) -> str:
        """The tables with their rows and meaning, as notebooks show an object."""
        rows = "".join(
            f"<tr><td>{name}</td><td style='text-align:right'>{count:,}</td>"
            f"<td style='text-align:left'>{escape(TABLES[name].doc)}</td></tr>"
            for name, count in self._tables_with_rows()
        )
        return (
            f"<p>{escape(self._title())}</p><table><thead><tr><th>table</th><th>rows</th>"
            f"<th>content</th></tr></thead><tbody>{rows}</tbody></table>"
            f"<p>Statistics: {', '.join(self._statistics())}</p>"
        )

    def _title(self) -> str:
        created = f"{self._release.manifest.created:%Y-%m-%d %H:%M} UTC"
        return f"Release {self.id} of {self.path.parent.parent}, published {created}"

    def _tables_with_rows(self) -> list[tuple[str, int]]:
        return [(name, rows) for name, rows in self.tables.items() if rows and name in TABLES]

    def _statistics(self) -> list[str]:
        return [name for name in self._files if name not in TABLES]

    def _files_of(self, name: str) -> list[Place]:
        if name not in self._files:
            if name in query.table_names():
                raise InputError(f"{name} is a view, which only SQL has: duckdb().table({name!r}).")
            hint = did_you_mean(name, self._files, f"the tables are {', '.join(self._files)}.")
            raise InputError(f"{name!r} is not a table of the release: {hint}")
        return self._files[name]

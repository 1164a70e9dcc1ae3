"""A pinned release for many readers at once: SQL and keys in, rows, pictures and drawings out.

Every query has its own connection to one confined database, a time limit and a place among the few
that may run at a time; so memory does not grow with the number of readers.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

import pyarrow as pa
from cachetools import LRUCache

from flows.exports.drawing.overlay import LAYERS
from flows.lake import open_lake
from flows.pipelines.browsed_predictions import BrowsedPredictions
from flows.pipelines.image_filter import ANY, ImageFilter, ImageKey, choices
from flows.pipelines.image_views import ImageView, Row, image_views, rows_by_image
from flows.pipelines.served_pictures import (
    SIDES,
    BusyError,
    NotInReleaseError,
    Places,
    ServedPictures,
)
from flows.storage.place import Place
from flows.warehouse import Warehouse, open_read_only, run_user_sql, text_literal
from schemas import TABLES
from schemas.errors import InputError

__all__ = [
    "LAYERS",
    "SIDES",
    "BrowsedRelease",
    "BusyError",
    "ImageView",
    "NotInReleaseError",
]

MEMORY = "192MB"
"""Of DuckDB, for all queries together."""

QUERIES = 4
"""How many queries run at a time."""


class BrowsedRelease:
    """One release of a lake, opened once; methods may be called from several threads."""

    def __init__(
        self,
        lake: str | Place,
        release: str | None,
        *,
        timeout: float,
        details: Path | None = None,
        predictions: Sequence[Path] = (),
    ) -> None:
        """Raises InputError for a release, details or predictions that cannot be used."""
        self.release = open_lake(lake).release(release)
        self.lake = str(lake)
        self.timeout = timeout
        created = self.release.manifest.created
        self._con = open_read_only(self.release.tables(), memory_limit=MEMORY, modified=created)
        self.choices = choices(self.release)
        self.predictions: BrowsedPredictions | None = None
        if details is not None:
            self.predictions = BrowsedPredictions(self._con, self.release, details, predictions)
            self.choices["outcome"] = (ANY, *self.predictions.words)
        elif predictions:
            raise InputError("--predictions needs --details, which has the outcome of each item")
        self._pictures = ServedPictures(self.release, timeout)
        self._queries = Places(QUERIES, 2 * timeout)
        self._lock = Lock()
        self._counts: LRUCache[str, int] = LRUCache(1_000)
        self._images: LRUCache[ImageKey, Row] = LRUCache(20_000)

    def filter(self, fields: dict[str, str]) -> ImageFilter:
        """The filter of a request. Raises InputError."""
        settings = self.release.manifest.parameters.get("pairs")
        return ImageFilter.parse(self._cursor(), self.choices, fields, settings)

    def rows(self, sql: str) -> pa.Table:
        """The rows of one SELECT.

        Raises InputError for what DuckDB rejects, TimeLimitError, and BusyError.
        """
        with self._queries.one():
            return run_user_sql(self._cursor(), sql, self.timeout).read_all()

    def count(self, chosen: ImageFilter) -> int:
        """The number of images of a filter, computed once: a release does not change."""
        sql = f"select count(*) as images from (\n{chosen.rows('1')}\n)"
        with self._lock:
            counted = self._counts.get(sql)
        if counted is None:
            counted = self.rows(sql)["images"][0].as_py()
            with self._lock:
                self._counts[sql] = counted
        return counted

    def page(
        self,
        chosen: ImageFilter,
        limit: int,
        *,
        after: ImageKey | None = None,
        before: ImageKey | None = None,
    ) -> list[Row]:
        """The first images after a key, or the last ones before it, in the order of keys."""
        rows: list[Row] = []
        sign, order = (">", "asc") if before is None else ("<", "desc")
        for part, edge in self._splits(chosen, after or before, backwards=before is not None):
            condition = f"image_id {sign} {edge}" if edge is not None else ""
            sql = f"{part.rows('*', condition)}\norder by image_id {order}"
            rows += self.rows(f"{sql}\nlimit {limit - len(rows)}").to_pylist()
            if len(rows) == limit:
                break
        return rows if before is None else rows[::-1]

    def neighbours(
        self, chosen: ImageFilter, key: ImageKey
    ) -> tuple[ImageKey | None, ImageKey | None]:
        """The keys of the images before and after a key, which need not be one of the filter."""
        own = chosen.with_values({"dataset": key[0], "split": key[1]})
        before = after = None
        if {"dataset": key[0], "split": key[1]}.items() >= chosen.placed.items():
            columns = (
                f"max(image_id) filter (where image_id < {key[2]}) as before, "
                f"min(image_id) filter (where image_id > {key[2]}) as after"
            )
            (row,) = self.rows(own.rows(columns)).to_pylist()
            before, after = row["before"], row["after"]
        return (
            (*key[:2], before) if before is not None else self._next_split(chosen, key, True),
            (*key[:2], after) if after is not None else self._next_split(chosen, key, False),
        )

    def _next_split(self, chosen: ImageFilter, key: ImageKey, backwards: bool) -> ImageKey | None:
        """The last image of the splits before that of a key, or the first of those after it."""
        nearest = "max" if backwards else "min"
        for part, edge in self._splits(chosen, key, backwards):
            if edge is None:
                rows = self.rows(part.rows(f"{nearest}(image_id) as image_id"))
                if (image_id := rows["image_id"][0].as_py()) is not None:
                    return part.values["dataset"], part.values["split"], image_id
        return None

    def _splits(
        self, chosen: ImageFilter, key: ImageKey | None, backwards: bool
    ) -> Iterator[tuple[ImageFilter, int | None]]:
        """The filter for each split from that of a key on, with the number of the key in its own.

        A query of one split reads the files of that split only.
        """
        for dataset, split in sorted(self.release.splits("images"), reverse=backwards):
            place = (dataset, split)
            passed = key is not None and (place > key[:2] if backwards else place < key[:2])
            named = {"dataset": dataset, "split": split}
            if not passed and named.items() >= chosen.placed.items():
                edge = key[2] if key is not None and place == key[:2] else None
                yield chosen.with_values(named), edge

    def worst(
        self, chosen: ImageFilter, limit: int, after: tuple[float, int] | None = None
    ) -> list[Row]:
        """The evaluated images of a filter with the sum of severities, the worst first.

        `after` is severity and number of the last image of the page before.
        """
        condition = f"(-severity, image_id) > (-{after[0]!r}, {int(after[1])})" if after else "true"
        sql = (
            f"select *\nfrom (\n{chosen.rows('*')}\n)\n"
            "join severities using (dataset, split, image_id)\n"
            f"where {condition}\norder by severity desc, image_id\nlimit {int(limit)}"
        )
        return self.rows(sql).to_pylist()

    def outcomes(self, keys: Sequence[ImageKey]) -> dict[ImageKey, list[Row]]:
        """The rows of outcomes of these images, by item."""
        if self.predictions is not None and keys:
            numbers = ", ".join(str(int(key[2])) for key in keys)
            place = f"dataset = '{self.predictions.origin.dataset}' "
            place += f"and split = '{self.predictions.origin.split}'"
            rows = self.rows(
                f"select * from outcomes where image_id in ({numbers}) and {place} "
                "order by image_id, severity desc, item_no, score desc"
            )
            return rows_by_image(rows)
        return {}

    def image(self, key: ImageKey) -> Row:
        """The row of an image. Raises NotInReleaseError."""
        with self._lock:
            row = self._images.get(key)
        if row is None:
            rows = self.matching("images", [key]).to_pylist()
            if not rows:
                name = "/".join(map(str, key))
                raise NotInReleaseError(f"{self.release.id} does not have the image {name}.")
            row = rows[0]
            self._remember(rows)
        return row

    def matching(self, table: str, keys: Sequence[ImageKey]) -> pa.Table:
        """The rows of a declared table about these images."""
        # One SELECT for each split of the release, however many others a request names.
        by_split: dict[tuple[str, str], list[str]] = {
            place: [] for place in self.release.splits("images")
        }
        for dataset, split, image_id in keys:
            if (dataset, split) in by_split:
                by_split[dataset, split].append(str(int(image_id)))
        order = ", ".join(TABLES[table].key)
        # With values in the statement, not a join, DuckDB reads the row groups of these images.
        selects = [
            f"select * from {table} where dataset = {text_literal(dataset)} "
            f"and split = {text_literal(split)} and image_id in ({', '.join(numbers)})"
            for (dataset, split), numbers in by_split.items()
            if numbers
        ]
        if not selects:
            return TABLES[table].schema.empty_table()
        return self.rows(f"{' union all '.join(selects)} order by {order}")

    def views(self, rows: Sequence[Row], *, named: bool = False) -> list[ImageView]:
        """Images with their annotations drawn, in the order of `rows` of images.

        `named`: landmarks have numbers and names.
        """
        self._remember(rows)
        keys = [(row["dataset"], row["split"], row["image_id"]) for row in rows]
        items, landmarks, polygons = (
            self.matching(table, keys) for table in ("items", "landmarks", "polygons")
        )
        predicted = self.predictions.drawn(keys) if self.predictions else {}
        return image_views(rows, items, landmarks, polygons, predicted, named=named)

    def picture(self, key: ImageKey, side: int) -> tuple[str, bytes]:
        """Media type and bytes of an image's picture: see `ServedPictures`."""
        return self._pictures.encoded(self.image(key), side)

    def _cursor(self) -> Warehouse:
        return self._con.cursor()

    def _remember(self, rows: Sequence[Row]) -> None:
        with self._lock:
            for row in rows:
                self._images[row["dataset"], row["split"], row["image_id"]] = row

"""A pinned release for many readers at once: SQL and keys in, rows, pictures and drawings out.

Every query has its own connection to one confined database, a time limit and a place among the few
that may run at a time; so memory does not grow with the number of readers. Conditions of
users are executed in a process that can be killed, and each filter is computed once.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import pyarrow as pa
from cachetools import LRUCache

from flows.exports.drawing.overlay import LAYERS
from flows.lake import open_lake
from flows.pipelines.browsed_predictions import BrowsedPredictions
from flows.pipelines.image_filter import ANY, KEY, OUTCOME, ImageFilter, ImageKey, choices
from flows.pipelines.image_views import ImageView, Row, image_views, rows_by_image
from flows.pipelines.matching_images import MatchingImages, declared_splits
from flows.pipelines.served_pictures import (
    SIDES,
    BusyError,
    NotInReleaseError,
    Places,
    ServedPictures,
)
from flows.storage.place import Place
from flows.warehouse import ConfinedProcess, ImageRows, Warehouse, open_read_only, run_user_sql
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

CONDITION_MEMORY = "128MB"
"""Of DuckDB in the process for free conditions."""

QUERIES = 4
"""How many queries run at a time."""

MATCHES_BYTES = 32 << 20
"""Of the keys of filters that are kept: 20 times those of 200,000 images."""

FILTER_BYTES = 16 << 10
"""What the text of a filter counts among them."""


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
        files = self.release.tables()
        self._con = open_read_only(files, memory_limit=MEMORY, modified=created)
        self._process = ConfinedProcess(files, memory_limit=CONDITION_MEMORY, modified=created)
        self._image_rows = ImageRows(self.release.manifest)
        self._splits = declared_splits(self.release)
        self.choices = choices(self.release)
        self.predictions: BrowsedPredictions | None = None
        if details is not None:
            self.predictions = BrowsedPredictions(self._con, self.release, details, predictions)
            self.choices[OUTCOME] = (ANY, *self.predictions.words)
        elif predictions:
            raise InputError("--predictions needs --details, which has the outcome of each item")
        self._pictures = ServedPictures(self.release, timeout)
        self._queries = Places(QUERIES, 2 * timeout)
        self._conditions = Places(1, 2 * timeout)
        self._lock = Lock()
        self._matches: LRUCache[tuple[str, str | None], MatchingImages] = LRUCache(
            MATCHES_BYTES, lambda matches: matches.nbytes + FILTER_BYTES
        )
        self._images: LRUCache[ImageKey, Row] = LRUCache(20_000)

    def filter(self, fields: dict[str, str]) -> ImageFilter:
        """The filter of a request. Raises InputError."""
        settings = self.release.manifest.parameters.get("pairs")
        return ImageFilter.parse(self.choices, fields, settings)

    def rows(self, sql: str) -> pa.Table:
        """The rows of one SELECT.

        Raises InputError for what DuckDB rejects, TimeLimitError, and BusyError.
        """
        with self._queries.one():
            return run_user_sql(self._cursor(), sql, self.timeout).read_all()

    def matches(self, chosen: ImageFilter) -> MatchingImages:
        """The images of a filter. Computed once: a release does not change.

        Raises what `rows` raises. A free condition is executed in a process with limits.
        """
        request = (chosen.rows(KEY), chosen.where)
        with self._lock:
            matches = self._matches.get(request)
        if matches is None:
            matches = MatchingImages.of(self._splits, self._keys(chosen))
            if OUTCOME in chosen.values and chosen.where is not None:
                outcome = {OUTCOME: chosen.values[OUTCOME]}
                matches = matches.and_of(self.matches(ImageFilter(outcome)))
            if self._matches.getsizeof(matches) <= MATCHES_BYTES:
                with self._lock:
                    self._matches[request] = matches
        return matches

    def _keys(self, chosen: ImageFilter) -> pa.Table:
        if chosen.where is None:
            return self.rows(chosen.rows(KEY))
        # The process does not have the table of outcomes.
        sql = chosen.without(OUTCOME).rows(KEY)
        with self._conditions.one():
            return self._process.rows(sql, chosen.where, self.timeout)

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
        rows = self.images([key])
        if not rows:
            name = "/".join(map(str, key))
            raise NotInReleaseError(f"{self.release.id} does not have the image {name}.")
        return rows[0]

    def images(self, keys: Sequence[ImageKey]) -> list[Row]:
        """The rows of these images, in the order of the keys; none for other keys."""
        with self._lock:
            held = {key: self._images[key] for key in keys if key in self._images}
        if missing := [key for key in keys if key not in held]:
            read = {
                (row["dataset"], row["split"], row["image_id"]): row
                for row in self.matching("images", missing).to_pylist()
            }
            held |= read
            with self._lock:
                self._images.update(read)
        return [held[key] for key in keys if key in held]

    def matching(self, table: str, keys: Sequence[ImageKey]) -> pa.Table:
        """The rows of a declared table about these images."""
        # However many other splits a request names.
        select = self._image_rows.select(table, [key for key in keys if key[:2] in self._splits])
        return self.rows(select) if select else TABLES[table].schema.empty_table()

    def views(self, rows: Sequence[Row], *, named: bool = False) -> list[ImageView]:
        """Images with their annotations drawn, in the order of `rows` of images.

        `named`: landmarks have numbers and names.
        """
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

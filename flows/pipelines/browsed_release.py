"""A pinned release for many readers at once: SQL and keys in, rows, pictures and drawings out.

Every query has its own connection to one confined database, a time limit and a place among the few
that may run at a time; so memory does not grow with the number of readers.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import BoundedSemaphore, Lock
from typing import Any

import pyarrow as pa
from cachetools import LRUCache
from markupsafe import Markup

from flows.exports.drawing.annotated import annotated_items, turn_picture, turned_points
from flows.exports.drawing.overlay import LAYERS, svg_overlay
from flows.lake import open_lake
from flows.pictures import crop_picture, open_picture
from flows.pipelines.image_filter import ImageFilter, ImageKey
from flows.pipelines.pictures import PictureReader
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

QUERIES, PICTURES = 4, 2
"""How many queries and pictures are worked on at a time."""

THUMBNAIL_BYTES = 64 << 20
SIDES = (320, 4096)
"""The longest side of a thumbnail and of a picture, in pixels."""

_PIXELATED = 96  # smaller pictures are sent without losses

_SWAPPED = range(5, 9)  # orientations that exchange width and height

Row = dict[str, Any]


class BusyError(InputError):
    """Too many requests at a time."""


class NotInReleaseError(InputError):
    """The release does not have this image, or its picture is not where it was ingested from."""


@dataclass(frozen=True)
class ImageView:
    """An image as shown: its row of images, its rows of items, and its annotations as SVG.

    `size` is that of the picture as shown; None where neither picture nor annotations tell it.
    """

    row: Row
    items: Sequence[Row]
    size: tuple[int, int]
    overlay: Markup

    @property
    def key(self) -> ImageKey:
        """Data set, split and number."""
        return self.row["dataset"], self.row["split"], self.row["image_id"]


class BrowsedRelease:
    """One release of a lake, opened once; methods may be called from several threads."""

    def __init__(self, lake: str | Place, release: str | None, *, timeout: float) -> None:
        self.release = open_lake(lake).release(release)
        self.lake = str(lake)
        self.timeout = timeout
        created = self.release.manifest.created
        self._con = open_read_only(self.release.tables(), memory_limit=MEMORY, modified=created)
        self._reader = PictureReader(self.release)
        self._queries, self._decoders = BoundedSemaphore(QUERIES), BoundedSemaphore(PICTURES)
        self._lock = Lock()
        self._counts: LRUCache[str, int] = LRUCache(1_000)
        self._images: LRUCache[ImageKey, Row] = LRUCache(20_000)
        self._pictures: LRUCache[tuple[ImageKey, int], tuple[str, bytes]] = LRUCache(
            THUMBNAIL_BYTES, lambda picture: len(picture[1])
        )

    def filter(self, fields: dict[str, str]) -> ImageFilter:
        """The filter of a request. Raises InputError."""
        return ImageFilter.parse(self._cursor(), self.release, fields)

    def rows(self, sql: str) -> pa.Table:
        """The rows of one SELECT.

        Raises InputError for what DuckDB rejects, TimeLimitError, and BusyError.
        """
        with self._place(self._queries):
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
        return self._neighbour(chosen, key, True), self._neighbour(chosen, key, False)

    def _neighbour(self, chosen: ImageFilter, key: ImageKey, backwards: bool) -> ImageKey | None:
        nearest, sign = ("max", "<") if backwards else ("min", ">")
        for part, edge in self._splits(chosen, key, backwards):
            condition = f"image_id {sign} {edge}" if edge is not None else ""
            rows = self.rows(part.rows(f"{nearest}(image_id) as image_id", condition))
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
        by_split: dict[tuple[str, str], list[str]] = defaultdict(list)
        for dataset, split, image_id in keys:
            by_split[dataset, split].append(str(int(image_id)))
        order = ", ".join(TABLES[table].key)
        # With values in the statement, not a join, DuckDB reads the row groups of these images.
        selects = [
            f"select * from {table} where dataset = {text_literal(dataset)} "
            f"and split = {text_literal(split)} and image_id in ({', '.join(numbers)})"
            for (dataset, split), numbers in by_split.items()
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
        drawn = annotated_items(items, landmarks, polygons)
        item_rows: dict[ImageKey, list[Row]] = defaultdict(list)
        for item in items.to_pylist():
            item_rows[item["dataset"], item["split"], item["image_id"]].append(item)
        names: dict[tuple, list[str | None]] = defaultdict(list)
        if named:
            for mark in landmarks.to_pylist():
                place = (mark["dataset"], mark["split"], mark["image_id"], mark["item_no"])
                names[place].append(mark["landmark_name"])
        views = []
        for key, row in zip(keys, rows, strict=True):
            own = drawn.get(key, ())
            width, height = row["width"], row["height"]
            stored = (width, height) if width and height else _extent(own)
            orientation = row["orientation"]
            shown = stored[::-1] if orientation in _SWAPPED else stored
            own_names = [names[*key, item.item_no] for item in own] if named else ()
            overlay = svg_overlay(shown, turned_points(orientation, stored), own, names=own_names)
            views.append(ImageView(row, item_rows[key], shown, overlay))
        return views

    def picture(self, key: ImageKey, side: int) -> tuple[str, bytes]:
        """Media type and bytes of an image's picture, decoded and encoded again, upright.

        Its longer side is at most `side` pixels, one of SIDES. Raises NotInReleaseError and
        PictureError.
        """
        with self._lock:
            kept = self._pictures.get((key, side))
        if kept is not None:
            return kept
        row = self.image(key)
        with self._place(self._decoders):
            try:
                data = self._reader.load(*key, row["file_name"])
            except InputError as error:
                raise NotInReleaseError(str(error)) from error
            picture = _encoded(data, side, row["orientation"])
        if side == SIDES[0] and len(picture[1]) < THUMBNAIL_BYTES // 8:
            with self._lock:
                self._pictures[key, side] = picture
        return picture

    def _cursor(self) -> Warehouse:
        return self._con.cursor()

    def _remember(self, rows: Sequence[Row]) -> None:
        with self._lock:
            for row in rows:
                self._images[row["dataset"], row["split"], row["image_id"]] = row

    @contextmanager
    def _place(self, places: BoundedSemaphore) -> Iterator[None]:
        if not places.acquire(timeout=2 * self.timeout):
            raise BusyError("too many requests at a time: try again.")
        try:
            yield
        finally:
            places.release()


def _encoded(data: bytes, side: int, orientation: int | None) -> tuple[str, bytes]:
    """A picture as JPEG, or as PNG where it is small. Raises PictureError."""
    cropped = crop_picture(open_picture(data), size=(side, side), fit="shrink")
    if cropped is None:
        raise InputError("the picture is empty.")
    picture, _ = cropped
    small = max(picture.size) <= _PIXELATED
    sink = BytesIO()
    turned = turn_picture(picture, orientation)
    turned.save(sink, "PNG" if small else "JPEG", quality=88)
    return "image/png" if small else "image/jpeg", sink.getvalue()


def _extent(items: Sequence[Any]) -> tuple[int, int]:
    """The size of a canvas for annotations whose picture is unknown."""
    edges = [item.box[2:] for item in items if item.box]
    edges += [mark.place for item in items for mark in item.landmarks if mark.place]
    edges += [point for item in items for polygon in item.polygons for point in polygon]
    if not edges:
        return (300, 400)
    x, y = zip(*edges, strict=True)
    return (max(1, round(max(x))), max(1, round(max(y))))

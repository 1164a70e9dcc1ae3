"""The index of a split: its tables as uncompressed Arrow files, memory-mapped by every process.

Parquet cannot be mapped, so the first process that opens a split writes the arrays it needs into a
cache folder once; every later process, worker or run maps the same pages and owns next to nothing.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from flows.feed.tables import (
    find_rows,
    image_rows,
    item_key,
    item_rows,
    landmark_lists,
    polygon_lists,
)
from flows.release import Release, require_readable
from flows.storage.atomic import atomic_write
from flows.storage.place import Place

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT = 4
"""Goes up when what an index holds changes; part of its name."""

EXPIRES_AFTER = 30 * 24 * 3600
"""Seconds after which an index that nobody opened is removed from the cache."""


class Index:
    """One split of a release by row: numpy views on mapped files, made when first asked for.

    Copying one to another process copies its paths. `images` and `items` are dictionaries of
    columns; `landmarks` and `polygons` hold one list per item.
    """

    def __init__(self, release: Release, dataset: str, split: str, cache: Path) -> None:
        self.release, self.dataset, self.split = release, dataset, split
        release.require_split(dataset, split)
        self.folder = _index_folder(
            cache / "feed-indexes" / f"{release.digest}-{FORMAT}-{dataset}-{split}"
        )

    @cached_property
    def _images(self) -> pa.RecordBatch:
        return self._memory_map("images", lambda: image_rows(self._files("images")))

    @cached_property
    def images(self) -> dict[str, np.ndarray]:
        """Columns of numbers: image_id, width, height, image_status, annotated, source, pair_id."""
        return _number_columns(self._images)

    def file_name(self, image_row: int) -> str:
        """The picture's name as the source's lists write it."""
        name: str = self._images["file_name"][image_row].as_py()
        return name

    @cached_property
    def items(self) -> dict[str, np.ndarray]:
        """Columns: image_row, item_no, category_id, style, labelled, and box as (n, 4)."""
        image_ids = self.images["image_id"]  # before the lock, which images take for themselves
        batch = self._memory_map("items", lambda: item_rows(self._files("items"), image_ids))
        box = batch["box"].values.to_numpy(zero_copy_only=True).reshape(-1, 4)
        return _number_columns(batch) | {"box": box}

    @cached_property
    def item_starts(self) -> np.ndarray:
        """Items of image row i are the rows item_starts[i] to item_starts[i + 1]."""
        counts = np.bincount(self.items["image_row"], minlength=len(self.images["image_id"]))
        return np.concatenate([[0], np.cumsum(counts)])

    @cached_property
    def item_keys(self) -> np.ndarray:
        """The key of each item, ascending."""
        return item_key(self.items["image_row"], self.items["item_no"])

    @cached_property
    def landmarks(self) -> tuple[np.ndarray, np.ndarray]:
        """(starts, points): points of item row i are points[starts[i]:starts[i + 1]], x y v."""
        lists = self._lists("landmarks", landmark_lists)
        points = lists.values.values.to_numpy(zero_copy_only=True).reshape(-1, 3)
        return lists.offsets.to_numpy(zero_copy_only=True), points

    @cached_property
    def polygons(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(items, polygons, numbers): polygons of item i, numbers of polygon k, as offsets."""
        lists = self._lists("polygons", polygon_lists)
        return (
            lists.offsets.to_numpy(zero_copy_only=True),
            lists.values.offsets.to_numpy(zero_copy_only=True),
            lists.values.values.to_numpy(zero_copy_only=True),
        )

    def item_rows(self, image_ids: np.ndarray, item_nos: np.ndarray) -> np.ndarray:
        """The rows of items named by their keys; keys that the split does not have are left out."""
        image = find_rows(self.images["image_id"], image_ids)
        rows = find_rows(self.item_keys, item_key(image, item_nos))
        return rows[rows >= 0]

    def _files(self, table: str) -> list[Place]:
        return self.release.files(table, self.dataset, self.split)

    def _lists(self, table: str, make: Callable[..., pa.LargeListArray]) -> pa.LargeListArray:
        keys = (self.images["image_id"], self.item_keys)  # before the lock, as for items
        batch = self._memory_map(table, lambda: pa.table({table: make(self._files(table), *keys)}))
        return batch[table]

    def _memory_map(self, name: str, make: Callable[[], pa.Table]) -> pa.RecordBatch:
        """The array file `name`, made by `make` when it is not there yet."""
        path = self.folder / f"{name}.arrows"
        if not path.exists():
            # Of eight ranks that open a split at once, one makes the file and the others wait.
            with (self.folder / "lock").open("wb") as lock:
                if fcntl:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                if not path.exists():
                    with require_readable(self.release.path):
                        rows = make()
                    _write(path, rows)
        # A stream, because reading Arrow's file format starts threads that a fork would lose.
        return pa.ipc.open_stream(pa.memory_map(str(path), "r")).read_next_batch()


def _number_columns(batch: pa.RecordBatch) -> dict[str, np.ndarray]:
    return {
        field.name: batch[field.name].to_numpy(zero_copy_only=True)
        for field in batch.schema
        if pa.types.is_primitive(field.type)
    }


def default_cache() -> Path:
    """The folder of indexes: WARDROBE_CACHE, else the user's cache folder, else a temporary one."""
    if cache := os.environ.get("WARDROBE_CACHE"):
        return Path(cache)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    try:
        folder = home / "wardrobe"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass  # A read-only home is common on training machines; the temporary folder serves.
    # Windows has no numbers of users, but a temporary folder for each.
    user = os.getuid() if hasattr(os, "getuid") else "cache"
    return Path(tempfile.gettempdir()) / f"wardrobe-{user}"


def _index_folder(folder: Path) -> Path:
    """The folder of one index, made and marked as used; expired indexes are removed."""
    fresh = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.utime(folder)
    if fresh:
        for lock in folder.parent.glob("*/lock"):
            if time.time() - lock.parent.stat().st_mtime > EXPIRES_AFTER:
                shutil.rmtree(lock.parent, ignore_errors=True)
    return folder


def _write(path: Path, table: pa.Table) -> None:
    """One record batch, uncompressed, so that every column maps to one stretch of memory."""
    batch = table.combine_chunks().to_batches(max_chunksize=None)
    rows = batch[0] if batch else pa.RecordBatch.from_pylist([], schema=table.schema)
    try:
        with atomic_write(path) as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_batch(rows)
    except PermissionError:
        # Without locks two processes may write it, and Windows does not replace a mapped file.
        if fcntl or not path.exists():
            raise

"""A published release: its folder or prefix comes in, absolute places of its files go out."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextvars import ContextVar
from functools import cached_property

from flows.release.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    part_of_image,
    read_manifest,
    table_order,
)
from flows.storage.objects import ObjectPath
from flows.storage.place import Place
from schemas.errors import InputError, did_you_mean
from schemas.table import ImageKey

TABLES_BY_IMAGE = ("images", "pictures", "items", "landmarks", "polygons")
"""Tables that have the rows of an image in the files of its part."""

_LAST_READ: ContextVar[tuple["Release", ...]] = ContextVar("last_read", default=())


class Release:
    """One release at one path. It stays what it is while others are published.

    The manifest is read when first asked for; `files` are absolute places from it, never globs.
    """

    def __init__(self, path: Place, manifest: Manifest | None = None) -> None:
        self.path = path
        if manifest is not None:
            self.manifest = manifest

    def __repr__(self) -> str:
        return f"Release({self.id})"

    @property
    def id(self) -> str:
        """Its name: the time it was made and the start of its content hash."""
        return self.path.name

    @cached_property
    def manifest(self) -> Manifest:
        """What is in it; InputError when the file is damaged."""
        manifest = read_manifest(self.path)
        _LAST_READ.set((self, *_LAST_READ.get()[:1]))
        return manifest

    @cached_property
    def digest(self) -> str:
        """A hash of the manifest file: distinguishes releases that have the same id."""
        return hashlib.sha256((self.path / MANIFEST).read_bytes()).hexdigest()[:16]

    def is_readable(self) -> bool:
        """Whether its manifest can be read and names this release."""
        try:
            return self.manifest.release == self.id
        except InputError:
            return False

    def files(
        self, table: str, dataset: str = "", split: str = "", image_id: int | None = None
    ) -> list[Place]:
        """The files of a table (`items`, `statistics/split_totals`), sorted by path.

        With `dataset` and `split`, those of one partition; with `image_id` too, those that can
        have rows of that image. Empty when the table has no file.
        """
        partition = f"{table}/dataset={dataset}/split={split}/" if dataset else ""
        records: Iterable[FileRecord] = self.manifest.of(table)
        if image_id is not None:
            records = self._files_of([(dataset, split, image_id)], records)
        return [self.place(file) for file in records if file.path.startswith(partition)]

    def place(self, record: FileRecord) -> Place:
        """Where a recorded file is; an object with its size, which saves readers a request."""
        place = self.path / record.path
        return place.with_size(record.bytes) if isinstance(place, ObjectPath) else place

    def splits(self, table: str) -> list[tuple[str, str]]:
        """(dataset, split) of every partition of a table, sorted."""
        folders = {tuple(file.path.split("/")[1:-1]) for file in self.manifest.of(table)}
        return sorted(
            (folder[0].removeprefix("dataset="), folder[1].removeprefix("split="))
            for folder in folders
            if len(folder) == 2
        )

    def require_split(self, dataset: str, split: str) -> None:
        """InputError, with the nearest name, unless the release has images of this split."""
        splits: dict[str, list[str]] = {}
        for other, name in self.splits("images"):
            splits.setdefault(other, []).append(name)
        if dataset not in splits:
            hint = did_you_mean(dataset, splits, f"it has {', '.join(splits) or 'none'}.")
            raise InputError(f"release {self.id} does not have the data set {dataset}: {hint}")
        if split not in splits[dataset]:
            hint = did_you_mean(split, splits[dataset], f"it has {', '.join(splits[dataset])}.")
            raise InputError(f"release {self.id} does not have {dataset} {split}: {hint}")

    def tables(self, images: Collection[ImageKey] | None = None) -> dict[str, list[Place]]:
        """Files by table: declared ones as declared, then statistics by name.

        What only the next release reads is left out; with `images`, also the files that cannot have
        rows of these.
        """
        files: Iterable[FileRecord] = self.manifest.readable_files
        if images is not None:
            files = self._files_of(images, files)
        return files_by_table(files, self.place)

    def _files_of(
        self, images: Iterable[ImageKey], records: Iterable[FileRecord]
    ) -> Iterator[FileRecord]:
        parts = {part_of_image(self.manifest.inputs, image) for image in images}
        return (file for file in records if file.table not in TABLES_BY_IMAGE or file.part in parts)


def last_read() -> tuple[Release, ...]:
    """The last two releases whose manifests this thread or task has read, newest first.

    After a failure these are checked for damage. Two, because a comparison reads two.
    """
    return _LAST_READ.get()


def files_by_table(
    records: Iterable[FileRecord], place: Callable[[FileRecord], Place]
) -> dict[str, list[Place]]:
    """Where recorded files are, by table, in the order of tables and paths."""
    tables: dict[str, list[Place]] = {}
    for record in sorted(records, key=lambda record: record.path):
        tables.setdefault(record.table, []).append(place(record))
    return {table: tables[table] for table in sorted(tables, key=table_order)}


def differing_files(left: Release, right: Release, table: str) -> tuple[list[Place], list[Place]]:
    """The files of a table whose path or bytes differ: those of the left, those of the right.

    Equal files, which are most of two neighbouring releases, need not be read to compare them.
    """
    before = {(file.path, file.sha256): file for file in left.manifest.of(table)}
    after = {(file.path, file.sha256): file for file in right.manifest.of(table)}
    return (
        [left.place(before[key]) for key in sorted(before.keys() - after)],
        [right.place(after[key]) for key in sorted(after.keys() - before)],
    )

"""Bytes of the pictures of a split, by image row: from the release or from its source."""

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from flows.feed.index import Index
from flows.feed.rowgroups import HELD_BYTES, RowGroups
from flows.feed.tables import read_parts
from flows.pictures import PictureSource, picture_source
from flows.storage import read_member
from flows.storage.place import Place
from schemas.errors import InputError
from schemas.source import Document


def open_pictures(
    index: Index, pictures_at: str | None = None
) -> "EmbeddedPictures | SourcePictures":
    """The pictures of a split: the release's own when it embeds them, else those of the source.

    `pictures_at` replaces the source's place that the manifest names, for data that moved.
    """
    keep_freed_memory()
    files = index.release.files("pictures", index.dataset, index.split)
    if pictures_at is None and files:
        embedded = EmbeddedPictures(index, files)
        if embedded.groups.sizes.any():
            return embedded
    source = picture_source(index.release.manifest.inputs, index.dataset, index.split, pictures_at)
    return SourcePictures(index, source)


@cache
def keep_freed_memory() -> None:
    """Ask glibc, once per process, to keep the memory of one picture for the next.

    It gives a freed block of a picture's size back to the system at once, and the next picture
    pays for fresh pages: that halved the rate of decoding (measured, 640 x 800). Freeing one
    block of almost 32 MiB raises its thresholds to that; the process then holds on to at most
    twice as much. Other allocators are not disturbed.
    """
    np.empty(31 << 20, np.uint8)


class SourcePictures:
    """Pictures read where they were ingested from: one by one, from zips and stores in batches.

    Like EmbeddedPictures safe to use from several threads.
    """

    def __init__(self, index: Index, source: PictureSource) -> None:
        self._index, self._source = index, source

    def read(self, image_rows: Sequence[int]) -> list[bytes]:
        """The picture files of some rows of the index; InputError when one cannot be read."""
        file_names = [self._index.file_name(row) for row in image_rows]
        location = self._source.location
        if location.kind == "folder" and isinstance(location.path, Path):
            return [self._file(self._source.member(name)) for name in file_names]
        return [self._data(document) for document in self._source.read(file_names)]

    def _file(self, name: str) -> bytes:
        # Twice as fast as storage's careful way, which is taken for the reason when this fails.
        try:
            with open(f"{self._source.location.path}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
                return file.read()
        except OSError:
            return read_member(self._source.location, name)

    def _data(self, document: Document) -> bytes:
        if document.data is None:
            raise InputError(
                f"{document.name} in {self._source.location.path} cannot be read: "
                f"{document.message}."
            )
        return document.data


class EmbeddedPictures:
    """Pictures inside Parquet, found by row group; the last few groups stay in memory.

    Reading one picture decodes its whole row group (about 100 pictures), so an order that jumps
    around costs much: the Feed's own order visits few groups at a time.
    """

    def __init__(self, index: Index, files: list[Place]) -> None:
        self._index, self._files = index, files
        self.groups = RowGroups(files, "image")

    def read(self, image_rows: Sequence[int]) -> list[bytes]:
        """The picture files of some rows of the index; InputError when one is missing."""
        return [self._picture(row) for row in image_rows]

    def _picture(self, image_row: int) -> bytes:
        place = int(self._places[image_row])
        if place < 0:
            raise InputError(
                f"{self._index.file_name(image_row)} is not among the release's pictures."
            )
        group, row = self.groups.at(place)
        picture: bytes = group.field("bytes")[row].as_py()
        return picture

    def group_sizes(self, image_rows: np.ndarray) -> np.ndarray | None:
        """How many of these ascending image rows each row group holds, groups with none left out.

        None when an order need not care: everything fits into memory.
        """
        if self.groups.bytes <= HELD_BYTES:
            return None
        groups = np.searchsorted(self.groups.starts, self._places[image_rows], side="right")
        return np.unique(groups, return_counts=True)[1]

    @cached_property
    def _places(self) -> np.ndarray:
        """Row among all pictures for each image row; -1 for an image without."""
        image_ids = self._index.images["image_id"]
        parts = read_parts(self._files, ["image_id"])
        embedded_ids = np.concatenate([part["image_id"].to_numpy() for part in parts])
        places = np.full(len(image_ids), -1, np.int64)
        places[np.searchsorted(image_ids, embedded_ids)] = np.arange(len(embedded_ids))
        return places

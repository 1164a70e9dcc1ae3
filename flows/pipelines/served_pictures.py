"""Pictures of a release for a web page: rows of images in, encoded pictures out, kept for a while.

A browser never gets the bytes of a source: a picture is decoded within limits and encoded again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import BoundedSemaphore, Lock
from typing import Any

from cachetools import LRUCache

from flows.exports.drawing.annotated import turn_picture
from flows.pictures import crop_picture, open_picture
from flows.pipelines.image_filter import ImageKey
from flows.pipelines.pictures import PictureReader
from flows.release import Release
from schemas.errors import InputError

DECODED_AT_A_TIME = 2

THUMBNAIL_BYTES = 64 << 20
"""Of the encoded thumbnails that are kept."""

SIDES = (320, 4096)
"""The longest side of a thumbnail and of a picture, in pixels."""

_PIXELATED = 96  # smaller pictures are sent without losses


class BusyError(InputError):
    """Too many requests at a time."""


class NotInReleaseError(InputError):
    """The release does not have an image, or its picture is not where it was ingested from."""


class Places:
    """A limited number of places for work; those who wait longer than `seconds` get BusyError."""

    def __init__(self, places: int, seconds: float) -> None:
        self._free, self._seconds = BoundedSemaphore(places), seconds

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place for the time of the body."""
        if not self._free.acquire(timeout=self._seconds):
            raise BusyError("too many requests at a time: try again.")
        try:
            yield
        finally:
            self._free.release()


class ServedPictures:
    """The pictures of a release, decoded few at a time; methods may be called from threads."""

    def __init__(self, release: Release, timeout: float) -> None:
        self._reader = PictureReader(release)
        self._places = Places(DECODED_AT_A_TIME, 2 * timeout)
        self._lock = Lock()
        self._kept: LRUCache[ImageKey, tuple[str, bytes]] = LRUCache(
            THUMBNAIL_BYTES, lambda picture: len(picture[1])
        )

    def encoded(self, image: dict[str, Any], side: int) -> tuple[str, bytes]:
        """Media type and bytes of the picture of a row of images, upright.

        Its longer side is at most `side` pixels, one of SIDES. Raises NotInReleaseError for a
        missing file, PictureError for a damaged one, and BusyError.
        """
        key = (image["dataset"], image["split"], image["image_id"])
        is_thumbnail = side == SIDES[0]
        with self._lock:
            kept = self._kept.get(key) if is_thumbnail else None
        if kept is not None:
            return kept
        with self._places.one():
            try:
                data = self._reader.load(*key, image["file_name"])
            except InputError as error:
                raise NotInReleaseError(str(error)) from error
            picture = _encoded(data, side, image["orientation"])
        if is_thumbnail:
            with self._lock:
                self._kept[key] = picture
        return picture


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

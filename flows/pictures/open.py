"""Bytes of a picture file -> a Pillow image, within limits, or PictureError.

The formats and limits here hold for ingest, report, show, feed and exports alike.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from schemas.errors import InputError
from schemas.vocabulary import PICTURE_FORMATS

FORMATS = tuple(name.upper() for name in PICTURE_FORMATS)
"""What is opened, by content and not by name. Pillow's rarer readers are its weaker ones, and the
one for EPS starts another program."""

MOST_PIXELS = 89_478_485
"""Where Pillow begins to warn of decompression bombs; as RGB, a quarter of a gigabyte."""

MOST_SCANS = 100
"""Of a JPEG; usual are about ten. A scan of a few bytes can cost a pass over all pixels."""

ORIENTATION = 0x0112
"""The EXIF tag."""

FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG whose segment has the size of the picture."""

_CONTEXT = 40  # rows below a pixel that decide about it: colours are stored in blocks of up to 32

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")

_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""From the upright picture back to its stored pixels, by EXIF orientation."""

_SCAN_PAIR = 0xFFDA
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_END_OF_IMAGE, _SCAN, _FIRST_WITH_LENGTH = 0xD9, 0xDA, 0xC0


class PictureError(InputError):
    """Why a file is not opened or decoded; `image_status` is the word the images table has for it.

    `format` is the format's name where the header was readable.
    """

    def __init__(self, image_status: str, reason: str, format: str | None = None) -> None:
        super().__init__(reason)
        self.image_status, self.format = image_status, format


def open_picture(data: bytes, *, header_only: bool = False) -> Image.Image:
    """The picture with its header read; its pixels are decoded when they are needed.

    Size and pixels are the stored ones, also of a TIFF, which Pillow alone would turn upright.
    With `header_only` neither the limit of scans, which takes the whole file, nor this holds.
    Raises PictureError.
    """
    try:
        with _pillow_errors():
            image: Image.Image = Image.open(BytesIO(data), formats=FORMATS)
    except PictureError as error:
        if error.image_status == "unreadable" and data and not data.startswith(_BEGINNINGS):
            reason = f"it is not one of {', '.join(FORMATS)}"
            raise PictureError("not_a_picture", reason) from error
        raise
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels(format_name(image))
    if header_only:
        return image
    if format_name(image) == "jpeg" and _scans(data) > MOST_SCANS:
        raise PictureError("too_large", f"it has more than {MOST_SCANS} scans", "jpeg")
    return _stored(image) if format_name(image) == "tiff" else image


def decode_picture(data: bytes, mode: str | None = None) -> Image.Image:
    """The picture with all its pixels decoded, in its own mode or this one. Raises PictureError."""
    return load_pixels(open_picture(data), mode)


def load_pixels(image: Image.Image, mode: str | None = None) -> Image.Image:
    """The decoded pixels of an opened picture, converted to a mode when one is given.

    Raises PictureError.
    """
    with _pillow_errors():
        image.load()
        return image if mode is None or image.mode == mode else image.convert(mode)


def stop_below(image: Image.Image, bottom: int) -> None:
    """Let an opened JPEG be decoded no further than this row; the rows below may stay black.

    Each scan of a JPEG goes from top to bottom, so a header with fewer rows gives the same pixels
    above them. To be called before Image.draft.
    """
    if format_name(image) != "jpeg" or not isinstance(image, ImageFile.ImageFile):
        return
    assert isinstance(image.fp, BytesIO)
    data = image.fp.getbuffer()
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF and data[at + 1] not in FRAME_MARKERS:
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    rows = bottom // 8 * 8 + _CONTEXT  # a whole number at all scales of draft mode
    if rows < image.height and data[at + 5 : at + 9] == struct.pack(">HH", *image.size[::-1]):
        data[at + 5 : at + 7] = rows.to_bytes(2)
        (tile,) = image.tile
        image.tile = [tile._replace(extents=(0, 0, image.width, rows))]


def format_name(image: Image.Image) -> str:
    """The format of an opened picture in lower case; a JPEG of several pictures is a `jpeg`."""
    return (image.format or "").lower().replace("mpo", "jpeg")


def orientation_of(image: Image.Image) -> int | None:
    """The EXIF orientation of an opened picture, 1 to 8; None without a usable one."""
    # A PNG's getexif() decodes all pixels in search of a late chunk.
    if image.format == "PNG" and "exif" not in image.info:
        return None
    try:
        orientation = image.getexif().get(ORIENTATION)
    # Broken EXIF raises nearly anything, and the picture itself may still be readable.
    except Exception:
        return None
    return int(orientation) if isinstance(orientation, int) and 1 <= orientation <= 8 else None


@contextmanager
def _pillow_errors() -> Iterator[None]:
    """Turn what Pillow raises for the bytes of a picture into PictureError."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except UnidentifiedImageError as error:  # its text holds a memory address
        raise PictureError("unreadable", "its header cannot be read") from error
    # Pillow's readers raise nearly anything on hostile bytes (SyntaxError, struct.error, KeyError,
    # MemoryError, ...), and none of it may stop a run over thousands of pictures.
    except Exception as error:
        raise PictureError("unreadable", str(error) or type(error).__name__) from error


def _too_many_pixels(format: str | None = None) -> PictureError:
    return PictureError("too_large", f"it has more than {MOST_PIXELS:,} pixels", format)


def _scans(data: bytes) -> int:
    """The number of scans of a JPEG that libjpeg would decode; never too few."""
    # Pairs of bytes from the first one and from the second one on: nine times as fast as count().
    pairs = [data[start : start + (len(data) - start) // 2 * 2] for start in (0, 1)]
    equal = [np.frombuffer(half, ">u2") == _SCAN_PAIR for half in pairs]
    upper_bound = sum(int(np.count_nonzero(half)) for half in equal)
    if upper_bound <= MOST_SCANS:
        return upper_bound
    # The two bytes also occur inside metadata and after the end, in the video of a moving photo.
    at, scans = 2, 0
    while (marker := _MARKER.search(data, at)) is not None:
        code, at = marker[1][0], marker.end()
        if code == _END_OF_IMAGE:
            break
        scans += code == _SCAN
        # libjpeg steps over a marker without a length only where a restart marker was expected.
        if code >= _FIRST_WITH_LENGTH:
            at += max(int.from_bytes(data[at : at + 2]), 2)
    return scans


def _stored(tiff: Image.Image) -> Image.Image:
    """The stored pixels of a TIFF: Pillow turns it upright while it decodes."""
    orientation = orientation_of(tiff)
    if orientation not in _UNDO:
        return tiff
    with _pillow_errors():
        stored = tiff.transpose(_UNDO[orientation])
    stored.format = tiff.format
    stored.getexif()[ORIENTATION] = orientation
    return stored

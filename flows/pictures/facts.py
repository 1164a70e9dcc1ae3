"""Size, format and orientation of a picture, from its first bytes where they are enough.

Hostile bytes never raise: whatever is wrong with a picture is its `image_status`.
"""

import warnings
from typing import NamedTuple

from flows.pictures.open import (
    FRAME_MARKERS,
    MOST_PIXELS,
    PictureError,
    decode_picture,
    format_name,
    open_picture,
    orientation_of,
)

PROBE_VERSION = 1
"""Raise it when the same bytes give other facts, by a limit of open.py for example."""

_SCAN, _METADATA = 0xDA, 0xE1
_BARE = frozenset((0x00, 0x01, *range(0xD0, 0xDA), 0xFF))  # markers without a length


class PictureFacts(NamedTuple):
    """What the bytes of a picture say, else None. `format` is Pillow's name in lower case."""

    width: int | None
    height: int | None
    orientation: int | None
    format: str | None
    image_status: str


def probe(head: bytes, whole: bool) -> PictureFacts | None:
    """What the first bytes of a file say; None asks for more of them.

    With `whole` the bytes are the entire file and the answer is final: a header cut short is
    `unreadable`, bytes that are not a picture are `not_a_picture`. Pixels are not decoded.
    """
    facts = header_facts(head)
    if whole or facts.image_status in ("ok", "too_large"):
        return facts
    return None


def header_facts(data: bytes) -> PictureFacts:
    """What the header of an entire file says; pixels are not decoded."""
    return _plain_jpeg(data) or _look(data)


def verify(data: bytes) -> PictureFacts:
    """The same for an entire file, with every pixel decoded.

    `unreadable` when that fails, `too_large` for a JPEG of more than MOST_SCANS scans.
    """
    facts = _look(data)
    if facts.image_status != "ok":
        return facts
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decode_picture(data)
    except PictureError as error:
        return facts._replace(image_status=error.image_status)
    return facts


def _plain_jpeg(head: bytes) -> PictureFacts | None:
    """The size of an ordinary JPEG; None leaves the judgement to Pillow, eight times slower.

    Ordinary means: no EXIF or XMP, eight bits, a header that is all there and free of surprises.
    """
    if head[:3] != b"\xff\xd8\xff":
        return None
    at, size = 2, None
    while at + 10 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == _SCAN and size is not None:
            return PictureFacts(*size, None, "jpeg", "ok")
        if marker in _BARE or marker == _METADATA:
            return None
        if marker in FRAME_MARKERS:
            height = int.from_bytes(head[at + 5 : at + 7])
            width = int.from_bytes(head[at + 7 : at + 9])
            ordinary = head[at + 4] == 8 and head[at + 9] in (1, 3, 4) and size is None
            if not ordinary or not 0 < width * height <= MOST_PIXELS:
                return None
            size = width, height
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return None


def _look(data: bytes) -> PictureFacts:
    """What Pillow reads from the header."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about bombs and odd EXIF: the status says it
        try:
            picture = open_picture(data, header_only=True)
        except PictureError as error:
            return PictureFacts(None, None, None, error.format, error.image_status)
        with picture:
            kind, orientation = format_name(picture), orientation_of(picture)
            width, height = picture.size
    if kind == "tiff" and (orientation or 0) > 4:
        # Of TIFF alone Pillow tells the size after turning; we keep the stored one.
        width, height = height, width
    return PictureFacts(width, height, orientation, kind, "ok")

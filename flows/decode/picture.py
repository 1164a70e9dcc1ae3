"""Size, format and orientation of a picture, from its first bytes where they are enough.

Hostile bytes never raise: whatever is wrong with a picture is its `image_status`.
"""

import io
import warnings
from typing import NamedTuple

from PIL import Image

MOST_PIXELS = 89_478_485  # where Pillow begins to warn of bombs; decoded, a quarter of a gigabyte

# What pictures of these sources come as, whatever their names say. Fewer formats are quicker to
# tell apart, and Pillow's rarer readers are its weaker ones (EPS would start another program).
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_ORIENTATION = 0x0112

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG markers that carry the size
_SCAN, _METADATA = 0xDA, 0xE1
_BARE = frozenset((0x00, 0x01, *range(0xD0, 0xDA), 0xFF))  # markers without a length


class PictureFacts(NamedTuple):
    """What a look at a picture told, None where it did not; `format` is Pillow's in lower case."""

    width: int | None
    height: int | None
    orientation: int | None
    format: str | None
    image_status: str


def probe(head: bytes, whole: bool) -> PictureFacts | None:
    """What the first bytes of a file say; None asks for more of them.

    With `whole` the bytes are the entire file and the answer is final: a header cut short is
    `unreadable`, bytes that are no picture at all are `not_a_picture`. Pixels are not decoded.
    """
    facts = _plain_jpeg(head) or _look(head)
    if whole or facts.image_status in ("ok", "too_large"):
        return facts
    return None


def verify(data: bytes) -> PictureFacts:
    """The same for an entire file, with every pixel decoded: `unreadable` when that fails."""
    return _look(data, decode=True)


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
        if marker in _FRAMES:
            height = int.from_bytes(head[at + 5 : at + 7])
            width = int.from_bytes(head[at + 7 : at + 9])
            ordinary = head[at + 4] == 8 and head[at + 9] in (1, 3, 4) and size is None
            if not ordinary or not 0 < width * height <= MOST_PIXELS:
                return None
            size = width, height
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return None


def _look(data: bytes, *, decode: bool = False) -> PictureFacts:
    """Ask Pillow."""
    known = not data or data.startswith(_BEGINNINGS)
    facts = PictureFacts(None, None, None, None, "unreadable" if known else "not_a_picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about bombs and odd EXIF: the status says it
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                kind = (picture.format or "").lower().replace("mpo", "jpeg")
                facts = PictureFacts(*picture.size, None, kind, "unreadable")
                if picture.width * picture.height > MOST_PIXELS:
                    return PictureFacts(None, None, None, kind, "too_large")
                facts = facts._replace(orientation=_orientation(picture))
                if kind == "tiff" and (facts.orientation or 0) > 4:
                    # Of TIFF alone Pillow tells the size after turning; we keep the stored one.
                    facts = facts._replace(width=facts.height, height=facts.width)
                if decode:
                    picture.load()
                return facts._replace(image_status="ok")
    except Image.DecompressionBombError:
        return facts._replace(image_status="too_large")
    # Pillow's readers raise nearly anything on hostile bytes (SyntaxError, struct.error, KeyError,
    # MemoryError, ...), and none of it may stop a run over thousands of pictures.
    except Exception:
        return facts


def _orientation(picture: Image.Image) -> int | None:
    """The EXIF orientation, 1 to 8; None without a usable one."""
    # A PNG's getexif() decodes all pixels in search of a late chunk.
    if picture.format == "PNG" and "exif" not in picture.info:
        return None
    try:
        found = picture.getexif().get(_ORIENTATION)
    # As above: broken EXIF raises what it likes, and the picture itself may still be fine.
    except Exception:
        return None
    return int(found) if isinstance(found, int) and 1 <= found <= 8 else None

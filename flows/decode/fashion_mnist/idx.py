"""IDX files, gzip or plain -> arrays of bytes; all that the header states is checked.

A file that is cut short, damaged, longer than its header says or of another shape raises InputError
with what was expected and what was read. The header's count is compared with the file's size before
anything else is unpacked, and no more is unpacked than the header states, so a small file cannot
fill the memory. Whether a file is compressed is read from its bytes, not from its name.
"""

import struct
import zlib
from math import prod

import numpy as np
from numpy.typing import NDArray

from schemas.errors import InputError

SIDE = 28
IMAGES, LABELS = "pictures", "labels"
_DIMENSIONS = {3: IMAGES, 1: LABELS}
_UNSIGNED_BYTES = 8
MAX_RECORDS = 80_000
"""Records of a file; Fashion-MNIST has 60,000. So many pictures take 63 million bytes."""
_GZIP = b"\x1f\x8b"
_MAX_RATIO = 1_032  # deflate cannot shrink anything further than this

_DIGIT_COUNTS = (
    (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
)


def require_fashion(name: str, labels: NDArray[np.uint8]) -> None:
    """Raises InputError when the labels are those of MNIST's digits, in whatever file.

    Proxies and old loaders serve the digits under the same names.
    """
    counts = tuple(np.bincount(labels, minlength=10).tolist())
    if counts in _DIGIT_COUNTS:
        raise InputError(
            f"{name} holds the labels of MNIST's handwritten digits (fashion has equally many of "
            "each class): fetch it from zalandoresearch/fashion-mnist"
        )


def read_idx(name: str, data: bytes, *, first: int | None = None) -> NDArray[np.uint8]:
    """(n, 28, 28) pixels or (n,) labels; with `first`, that many, and the rest is not read."""
    head, _ = _unpack(name, data, 16)
    if data and not head:
        raise InputError(f"{name} is an empty archive: fetch it again")
    kind, shape = _header(name, head)
    start = 4 + 4 * len(shape)
    count, each = shape[0], prod(shape[1:])
    if data.startswith(_GZIP) and start + count * each > len(data) * _MAX_RATIO:
        raise InputError(
            f"{name} states {count:,} {kind} ({start + count * each:,} bytes), which its "
            f"{len(data):,} bytes cannot hold: it is cut short, fetch it again"
        )
    if first is not None and first < count:
        body = _unpack(name, data, start + first * each)[0][start:]
        count = first
    else:
        body, checksum_seen = _unpack(name, data, start + count * each + 1)
        body = body[start:]
        if len(body) == count * each and not checksum_seen:
            raise InputError(f"{name} is cut short within its checksum: fetch it again")
    if len(body) < count * each:
        whole, rest = divmod(len(body), each)
        raise InputError(
            f"{name} states {shape[0]:,} {kind} ({start + shape[0] * each:,} bytes), but ends "
            f"after {whole:,} of them and {rest:,} bytes more: it is cut short, fetch it again"
        )
    if len(body) > count * each:
        raise InputError(
            f"{name} states {count:,} {kind} ({start + count * each:,} bytes), but goes on after "
            "them: it is damaged, fetch it again"
        )
    return np.frombuffer(body, np.uint8).reshape(count, *shape[1:])


def kind_of(values: NDArray[np.uint8]) -> str:
    """Whether an array from `read_idx` holds pictures or labels."""
    return _DIMENSIONS[values.ndim]


def _header(name: str, head: bytes) -> tuple[str, tuple[int, ...]]:
    """The kind of the file, and its dimensions."""
    if len(head) < 8 or head[:2] != b"\0\0":
        raise InputError(
            f"{name} is not an IDX file: it starts with {head[:4].hex(' ') or 'nothing'}, "
            "expected 00 00 08 03 for pictures or 00 00 08 01 for labels"
        )
    kind = _DIMENSIONS.get(head[3])
    if head[2] != _UNSIGNED_BYTES or kind is None:
        raise InputError(
            f"{name} has magic {int.from_bytes(head[:4], 'big')}: expected 2051 for pictures or "
            "2049 for labels, which are unsigned bytes"
        )
    if len(head) < 4 + 4 * head[3]:
        raise InputError(f"{name} ends within its header: fetch it again")
    shape = struct.unpack_from(f">{head[3]}I", head, 4)
    if shape[1:] not in ((), (SIDE, SIDE)):
        sides = "x".join(map(str, shape[1:]))
        raise InputError(f"{name} has pictures of {sides}: Fashion-MNIST's are 28x28")
    if not 0 < shape[0] <= MAX_RECORDS:
        raise InputError(f"{name} states {shape[0]:,} {kind}: expected 1 to {MAX_RECORDS:,}")
    return kind, shape


def _unpack(name: str, data: bytes, limit: int) -> tuple[bytes, bool]:
    """At most `limit` bytes of the content, and whether its end and checksum were read."""
    if not data.startswith(_GZIP):
        return data[:limit], True
    content, rest = bytearray(), data
    stream = zlib.decompressobj(wbits=31)
    try:
        while rest and len(content) < limit:
            content += stream.decompress(rest, limit - len(content))
            rest = stream.unconsumed_tail
            if stream.eof:
                rest = stream.unused_data.lstrip(b"\0")  # padding is allowed, as gzip itself does
                if rest:
                    stream = zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise InputError(f"{name} is damaged: its compression does not unpack ({error})") from None
    return bytes(content), stream.eof

"""IDX files, gzip or plain -> arrays of bytes, with every promise of the header checked.

A file that is cut short, damaged, longer than it says or of another shape is refused whole with one
sentence: what it promised and what was found. The header's count is compared with the file's size
before anything else is unpacked, and no more is unpacked than the header promises, so a small file
cannot fill the memory. Whether a file is compressed is told by its bytes.
"""

import hashlib
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
MOST = 80_000
"""Records of a file; Fashion-MNIST has 60,000. So many pictures take 63 million bytes."""
_GZIP = b"\x1f\x8b"
_MOST_PACKED = 1_032  # deflate cannot shrink anything further than this

PUBLISHED = {
    "8d4fb7e6c68d591d4c3dfef9ec88bf0d": "train-images-idx3-ubyte.gz",
    "25c81989df183df01b3e8a0aad5dffbe": "train-labels-idx1-ubyte.gz",
    "bef4ecab320f06d8554ea6380940ec79": "t10k-images-idx3-ubyte.gz",
    "bb300cfdad3c16e7a12a480ee83cd310": "t10k-labels-idx1-ubyte.gz",
}
"""md5 of the four files as Zalando published them."""

DIGITS = {
    "f68b3c2dcbeaaa9fbdd348bbdeb94873": "train-images-idx3-ubyte.gz",
    "d53e105ee54ea40749a09fcbcd1e9432": "train-labels-idx1-ubyte.gz",
    "9fb629c4189551a2d022fa330f9573f3": "t10k-images-idx3-ubyte.gz",
    "ec29112dd5afa0611ce80d1b7f02629c": "t10k-labels-idx1-ubyte.gz",
}
"""md5 of the handwritten digits, which proxies and old loaders serve under the same names."""

_DIGIT_COUNTS = (
    (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
)


def published_as(name: str, data: bytes) -> str | None:
    """The name this very file was published under, None if it was not. Refuses MNIST's digits."""
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if digest in DIGITS:
        raise InputError(
            f"{name} is MNIST's {DIGITS[digest]} of handwritten digits, which some mirrors serve "
            "under Fashion-MNIST's names: fetch it from zalandoresearch/fashion-mnist"
        )
    return PUBLISHED.get(digest)


def refuse_digits(name: str, labels: NDArray[np.uint8]) -> None:
    """Raises InputError when the labels are MNIST's, whatever the file around them looks like."""
    counts = tuple(np.bincount(labels, minlength=10).tolist())
    if counts in _DIGIT_COUNTS:
        raise InputError(
            f"{name} holds the labels of MNIST's handwritten digits (fashion has equally many of "
            "each class): fetch it from zalandoresearch/fashion-mnist"
        )


def read_idx(name: str, data: bytes, *, first: int | None = None) -> NDArray[np.uint8]:
    """(n, 28, 28) pixels or (n,) labels. With `first`, that many and no look at the rest."""
    head, _ = _unpack(name, data, 16)
    if data and not head:
        raise InputError(f"{name} is an archive with nothing in it: fetch it again")
    kind, shape = _header(name, head)
    start = 4 + 4 * len(shape)
    count, each = shape[0], prod(shape[1:])
    if data.startswith(_GZIP) and start + count * each > len(data) * _MOST_PACKED:
        raise InputError(
            f"{name} promises {count:,} {kind} ({start + count * each:,} bytes), which its "
            f"{len(data):,} bytes cannot hold: it is cut short, fetch it again"
        )
    if first is not None and first < count:
        body = _unpack(name, data, start + first * each)[0][start:]
        count = first
    else:
        body, closed = _unpack(name, data, start + count * each + 1)
        body = body[start:]
        if len(body) == count * each and not closed:
            raise InputError(f"{name} is cut short within its checksum: fetch it again")
    if len(body) < count * each:
        whole, rest = divmod(len(body), each)
        raise InputError(
            f"{name} promises {shape[0]:,} {kind} ({start + shape[0] * each:,} bytes), but ends "
            f"after {whole:,} of them and {rest:,} bytes more: it is cut short, fetch it again"
        )
    if len(body) > count * each:
        raise InputError(
            f"{name} promises {count:,} {kind} ({start + count * each:,} bytes), but goes on after "
            "them: it is damaged, fetch it again"
        )
    return np.frombuffer(body, np.uint8).reshape(count, *shape[1:])


def kind_of(values: NDArray[np.uint8]) -> str:
    """Whether an array from `read_idx` is pictures or labels."""
    return _DIMENSIONS[values.ndim]


def _header(name: str, head: bytes) -> tuple[str, tuple[int, ...]]:
    """What the file holds and its dimensions."""
    if len(head) < 8 or head[:2] != b"\0\0":
        raise InputError(
            f"{name} is no IDX file: it starts with {head[:4].hex(' ') or 'nothing'}, "
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
        raise InputError(f"{name} promises pictures of {sides}: Fashion-MNIST's are 28x28")
    if not 0 < shape[0] <= MOST:
        raise InputError(f"{name} promises {shape[0]:,} {kind}: expected 1 to {MOST:,}")
    return kind, shape


def _unpack(name: str, data: bytes, most: int) -> tuple[bytes, bool]:
    """At most so many bytes of the content, and whether it was seen to end with its checksum."""
    if not data.startswith(_GZIP):
        return data[:most], True
    content, rest = bytearray(), data
    stream = zlib.decompressobj(wbits=31)
    try:
        while rest and len(content) < most:
            content += stream.decompress(rest, most - len(content))
            rest = stream.unconsumed_tail
            if stream.eof:
                rest = stream.unused_data.lstrip(b"\0")  # padding is allowed, as gzip itself does
                if rest:
                    stream = zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise InputError(f"{name} is damaged: its compression does not unpack ({error})") from None
    return bytes(content), stream.eof

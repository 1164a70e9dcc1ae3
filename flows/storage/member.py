"""What a reader is asked for, and how it says that one member cannot be had."""

from typing import NamedTuple

LARGEST = 64 << 20
"""Bytes of the largest member that is read, unpacked. A larger one is refused as `too_large`.

The largest file of the published data sets has 47 million bytes (Fashion-MNIST's pictures,
unpacked). A reader holds a member whole, and its decoder a small multiple of it.
"""

HEADS = (1_024, 4_096, 65_536)
"""How far a picture is read before all of it is; the same from folders and zips, so that what was
seen is the same. Most have told their size by 620 bytes, and decryption costs by the byte."""

ARCHIVE_STAMPS = ("crc32:", "aes:")
"""How the stamps of members of zips begin; those of files are mtime_ns in digits."""


class Listed(NamedTuple):
    """A member as it was listed; `stamp` is checked when it is one of ours."""

    name: str
    size: int
    stamp: str


class Refused(Exception):
    """One member cannot be had: the rule and the words for its rejection."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def too_large(size: int) -> Refused:
    """The refusal of a member of `size` bytes."""
    return Refused("too_large", f"it has {size:,} bytes, more than the {LARGEST:,} that are read")


def is_stamp(stamp: str) -> bool:
    """Whether a stamp is one of storage's own; decoders may put a hash of records in its place."""
    return stamp.isdecimal() or stamp.startswith(ARCHIVE_STAMPS)

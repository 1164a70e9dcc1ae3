"""One listed member, its limits, and the error of a member that cannot be read."""

from typing import NamedTuple

MAX_MEMBER_BYTES = 64 << 20
"""Bytes of the largest member that is read, unpacked. A larger one is rejected as `too_large`.

The largest file of the published data sets has 47 million bytes (Fashion-MNIST's pictures,
unpacked). A reader holds a whole member in memory, and its decoder a small multiple of it.
"""

HEAD_SIZES = (1_024, 4_096, 65_536)
"""Bytes of a picture that are read before the whole of it, the same for folders and zips. The
size of most pictures is within the first 620 bytes, and decryption costs by the byte."""

ARCHIVE_STAMPS = ("crc32:", "aes:")
"""How the stamps of members of zips begin; those of files are mtime_ns in digits."""


class Member(NamedTuple):
    """A member as it was listed; `stamp` is compared when it is one of storage's."""

    name: str
    size: int
    stamp: str


class MemberError(Exception):
    """One member cannot be read: the rule and the message of its rejection."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def too_large(size: int) -> MemberError:
    """The error of a member of `size` bytes."""
    limit = f"more than the {MAX_MEMBER_BYTES:,} that are read"
    return MemberError("too_large", f"it has {size:,} bytes, {limit}")


def is_stamp(stamp: str) -> bool:
    """Whether a stamp is one of storage's; decoders may replace it by a hash of records."""
    return stamp.isdecimal() or stamp.startswith(ARCHIVE_STAMPS)

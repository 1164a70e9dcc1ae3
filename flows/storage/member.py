"""One listed member, its limits, and the error of a member that cannot be read."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

Probe: TypeAlias = Callable[[bytes, bool], T | None]
"""`probe(head, whole)`: an answer to the first bytes of a member, None to see more of them."""

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

OBJECT_STAMP = "etag:"
"""How the stamps of objects begin."""


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


def is_stamp(stamp: str) -> bool:
    """Whether a stamp is one of storage's; decoders may replace it by a hash of records."""
    return stamp.isdecimal() or stamp.startswith((*ARCHIVE_STAMPS, OBJECT_STAMP))


def require_listed(member: Member, size: int, stamp: str) -> None:
    """MemberError when a file or object is too large, or not the one that was listed."""
    if size > MAX_MEMBER_BYTES:
        limit = f"more than the {MAX_MEMBER_BYTES:,} that are read"
        raise MemberError("too_large", f"it has {size:,} bytes, {limit}")
    if size != member.size >= 0:
        raise MemberError(
            "changed_while_read",
            f"it was listed with {member.size:,} bytes and now has {size:,}",
        )
    if is_stamp(member.stamp) and member.stamp != stamp:
        raise MemberError("changed_while_read", "it was written to after it was listed")

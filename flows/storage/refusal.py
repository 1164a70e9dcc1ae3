"""What a reader is asked for, and how it says that one member cannot be had."""

from typing import NamedTuple

LARGEST = 1 << 30
"""A member of more bytes than this is refused: no document, picture or list is so large."""

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


def is_stamp(stamp: str) -> bool:
    """Whether a stamp is one of storage's own; decoders may put a hash of records in its place."""
    return stamp.isdecimal() or stamp.startswith(ARCHIVE_STAMPS)

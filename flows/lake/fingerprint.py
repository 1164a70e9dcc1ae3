"""What a part was built from, as one line: compared to see what changed, and read to say why."""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.table import SCHEMA_VERSION
from schemas.vocabulary import DATASETS

# Folders and files whose text decides what a part's files contain.
_BUILDERS = (
    "decode",
    "validate",
    "flatten",
    "pictures/facts.py",
    "pictures/open.py",
    "lake/write.py",
    "lake/table_file.py",
)


class Fingerprint(NamedTuple):
    """`members:names:stamps:schema:code:options`: equal text, equal part. Options are as given."""

    members: int
    names: str
    stamps: str
    schema: str
    code: str
    options: str

    def __str__(self) -> str:
        return ":".join(map(str, self))

    @classmethod
    def parse(cls, text: str) -> "Fingerprint | None":
        """Read one back; None when it is of another make, so that the part is simply rebuilt."""
        fields = text.split(":", 5)
        if len(fields) != 6 or not fields[0].isdecimal():
            return None
        return cls(int(fields[0]), *fields[1:])


def fingerprint(members: pa.Table, *, code: str, options: str) -> str:
    """The fingerprint of a part: `members` are its rows of schemas.source.ARRANGED, in order."""
    names = hashlib.sha256()
    for column in ("role", "name"):
        _add_words(names, members[column])
    stamps = hashlib.sha256()
    stamps.update(members["size"].fill_null(-1).to_numpy().astype("<i8").tobytes())
    _add_words(stamps, members["stamp"].fill_null(""))
    return str(
        Fingerprint(
            members=members.num_rows,
            names=names.hexdigest()[:16],
            stamps=stamps.hexdigest()[:16],
            schema=str(SCHEMA_VERSION),
            code=code,
            options=options,
        )
    )


def _add_words(digest: "hashlib._Hash", column: pa.ChunkedArray) -> None:
    """Hash a column of strings without making Python strings: all lengths, then all bytes."""
    words = column.combine_chunks().cast(pa.string())
    _, offsets, data = words.buffers()
    ends = np.frombuffer(offsets, np.int32)[words.offset : words.offset + len(words) + 1]
    digest.update(np.diff(ends).astype("<i4").tobytes())
    if data is not None and len(ends):
        digest.update(memoryview(data)[ends[0] : ends[-1]])


def reason(after: str, before: str | None) -> str:
    """Why a part is rebuilt, in words: what differs between two fingerprints."""
    if before is None:
        return "new"
    now, was = Fingerprint.parse(after), Fingerprint.parse(before)
    if not before:
        return "not all of it could be read last time"
    if now is None or was is None:
        return "its fingerprint is of another version"
    why = []
    if now.members != was.members:
        why.append(f"{now.members - was.members:+d} members ({now.members} now)")
    elif now.names != was.names:
        why.append("members renamed")
    elif now.stamps != was.stamps:
        why.append(f"members changed (of {now.members})")
    if now.schema != was.schema:
        why.append(f"schema version changed: {was.schema} to {now.schema}")
    elif now.code != was.code:
        why.append("decoder changed")
    if now.options != was.options:
        why.append(f"options changed: {was.options or 'none'} to {now.options or 'none'}")
    return ", ".join(why)


@cache
def code_hash(dataset: str | None = None) -> str:
    """A hash over the source text that decides what the files of a part contain.

    With a data set, the modules named after other ones (`decode/fashionai.py`) are left out, so
    that a change to one decoder rebuilds the parts of its data set only.
    """
    others = tuple(
        other.replace("-", "_") for other in DATASETS if dataset is not None and other != dataset
    )
    digest = hashlib.sha256()
    for root, below in (("schemas", ("",)), ("flows", _BUILDERS)):
        for folder in below:
            for name, text in sorted(_modules(files(root).joinpath(folder), folder)):
                if not set(name.split("/")) & set(others):
                    digest.update(f"{root}/{name}\n".encode() + text.replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def _modules(place: Traversable, name: str) -> list[tuple[str, bytes]]:
    if place.is_file():
        return [(name, place.read_bytes())]
    found: list[tuple[str, bytes]] = []
    for entry in place.iterdir() if place.is_dir() else ():
        if entry.name.endswith(".py") or (entry.is_dir() and entry.name != "__pycache__"):
            found += _modules(entry, f"{name}/{entry.name}")
    return found

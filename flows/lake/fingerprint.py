"""Fingerprints of parts: compare them, and say in words what differs.

In: the members of a part, the versions of the code that builds it, options. Out: a line of text.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

_FORMAT = re.compile(r"[0-9]+:[^:]*:[^:]*:[^:]*=[^:]*:.*", re.DOTALL)


class Fingerprint(NamedTuple):
    """`members:names:stamps:versions:options`: two parts with equal text have equal files.

    `versions` is `name=number` for each version, separated by commas and sorted by name.
    """

    members: str
    names: str
    stamps: str
    versions: str
    options: str


def fingerprint(members: pa.Table, *, versions: Mapping[str, int], options: str) -> str:
    """The fingerprint of a part: `members` are its rows of schemas.source.ARRANGED, in order.

    `versions` are the declared versions of all code that decides about the files of the part.
    """
    names = hashlib.sha256()
    for column in ("role", "name"):
        _add_strings(names, members[column])
    stamps = hashlib.sha256()
    stamps.update(members["size"].fill_null(-1).to_numpy().astype("<i8").tobytes())
    _add_strings(stamps, members["stamp"].fill_null(""))
    fields = Fingerprint(
        members=str(members.num_rows),
        names=names.hexdigest()[:16],
        stamps=stamps.hexdigest()[:16],
        versions=",".join(f"{name}={versions[name]}" for name in sorted(versions)),
        options=options,
    )
    return ":".join(fields)


def _add_strings(digest: "hashlib._Hash", column: pa.ChunkedArray) -> None:
    """Hash a column of strings without making Python strings: all lengths, then all bytes."""
    strings = column.combine_chunks().cast(pa.large_string())
    _, offsets, data = strings.buffers()
    ends = np.frombuffer(offsets, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    digest.update(np.diff(ends).astype("<i4").tobytes())
    if data is not None and len(ends):
        digest.update(memoryview(data)[ends[0] : ends[-1]])


def reason(after: str, before: str | None) -> str:
    """Why a part is rebuilt, in words: what differs between two fingerprints."""
    if before is None:
        return "new"
    if not before:
        return "not all of it could be read last time"
    if not _FORMAT.fullmatch(before):
        return "its fingerprint has another format"
    now, was = (Fingerprint(*text.split(":", 4)) for text in (after, before))
    differences = []
    if now.members != was.members:
        more = int(now.members) - int(was.members)
        differences.append(f"{more:+d} members ({now.members} now)")
    elif now.names != was.names:
        differences.append("members renamed")
    elif now.stamps != was.stamps:
        differences.append(f"members changed (of {now.members})")
    old = dict(version.split("=") for version in was.versions.split(","))
    new = dict(version.split("=") for version in now.versions.split(","))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            change = f"{old.get(name, 'none')} to {new.get(name, 'none')}"
            differences.append(f"{name} version changed: {change}")
    if now.options != was.options:
        differences.append(f"options changed: {was.options or 'none'} to {now.options or 'none'}")
    return ", ".join(differences)

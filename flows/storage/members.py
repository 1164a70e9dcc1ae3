"""List and read the members of a Location: the same names, order and bytes for folder and zips."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pyarrow as pa

from flows.storage.folder import FolderReader, Listed
from flows.storage.listing import list_folder
from flows.storage.location import Location
from schemas.errors import InputError
from schemas.source import MEMBERS, Document

T = TypeVar("T")


def list_members(location: Location) -> pa.Table:
    """Every member of a source as schemas.source.MEMBERS, sorted by name.

    The stamp is mtime_ns for files. Raises OSError when a folder cannot be listed.
    """
    if location.kind == "file":
        found = location.path.stat()
        row = {
            "name": location.path.name,
            "size": found.st_size,
            "stamp": str(found.st_mtime_ns),
        }
        return pa.Table.from_pylist([row], schema=MEMBERS)
    return list_folder(location.path)


def read_members(location: Location, members: pa.Table) -> Iterator[Document]:
    """The members of a listing, whole, in the order of its rows: each its bytes or a reason.

    `members` has the columns of MEMBERS (others are left alone). A file is compared with its
    listing before and after reading: one that differs is read again once, then comes without
    bytes under the rule `changed_while_read`; one that cannot be read comes under `unreadable`.
    Raises OSError when the whole folder is gone or the disk fails, so that retries can act.
    """
    with FolderReader(location.root) as reader:
        for listed in _rows(members):
            yield reader.document(listed)


def read_member(location: Location, name: str) -> bytes:
    """One member, whole. Raises InputError in one sentence when it cannot be had."""
    found = list_members(location) if location.kind == "file" else None
    if found is not None and name not in found["name"].to_pylist():
        raise InputError(f"{location.path} has no member {name}.")
    with FolderReader(location.root) as reader:
        document = reader.fresh(name)
    if document.data is None:
        raise InputError(f"{name} in {location.path} cannot be read: {document.message}.")
    return document.data


def read_heads(
    location: Location, members: pa.Table, probe: Callable[[bytes, bool], T | None]
) -> Iterator[T | Document]:
    """What `probe(head, whole)` says to the first bytes of each member, in the order of the rows.

    The probe answers None to see more: heads grow from 4 KiB to 64 KiB to all of it, and with
    `whole` it must answer. A member that cannot be read comes as a Document with rule and message.
    """
    with FolderReader(location.root) as reader:
        for listed in _rows(members):
            yield reader.head(listed, probe)


def _rows(members: pa.Table) -> Iterator[Listed]:
    for batch in members.select(["name", "size", "stamp"]).to_batches(max_chunksize=4_096):
        yield from map(Listed, *(column.to_pylist() for column in batch.columns))

"""List and read the members of a Location: the same names, order and bytes for folder and zips."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from operator import itemgetter
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from flows.storage.folder_listing import list_folder
from flows.storage.folder_reader import FolderReader
from flows.storage.location import SIDE_FOLDER, Location
from flows.storage.member import ARCHIVE_STAMPS, HEAD_SIZES, Member, Probe, T
from flows.storage.objects import ObjectPath
from flows.storage.place import Place
from flows.storage.prefix import PrefixReader, list_prefix, object_stamp
from flows.storage.zips.archive import read_archived
from flows.storage.zips.zip_index import read_zip_index
from schemas.errors import InputError
from schemas.source import MEMBERS, Document

Carrier = Literal["folder", "zip", "side file"]

_ROWS = 4_096


def list_members(location: Location) -> Iterator[pa.Table]:
    """Every member of a source as schemas.source.MEMBERS; a folder comes in several tables.

    The stamp is mtime_ns as text for files, `etag:...` for objects and `crc32:...` for members of
    zips (`aes:...` for those that keep no CRC). Raises OSError when a folder cannot be listed,
    InputError when a store fails, an archive is damaged or two places hold a member of one name.
    """
    if location.kind == "file":
        yield _rows([(location.path, location.path.name)])
    elif location.kind == "folder":
        yield from _list_below(location.path)
    else:
        packed = read_zip_index(location).members()
        yield packed
        if location.archives != (location.path,):
            names = frozenset(path.name for path in location.archives)
            for loose in _list_below(location.path, skip=names):
                both = loose.filter(pc.is_in(loose["name"], value_set=packed["name"]))["name"]
                if len(both):
                    raise InputError(
                        f"{location.path} holds {both[0]} twice, packed and unpacked: "
                        "remove one of them."
                    )
                yield loose
    if location.side_files:
        yield _rows([(path, SIDE_FOLDER + path.name) for path in location.side_files])


def _list_below(root: Place, skip: frozenset[str] = frozenset()) -> Iterator[pa.Table]:
    if isinstance(root, ObjectPath):
        return list_prefix(root, skip=skip)
    return list_folder(root, skip=skip)


def _rows(files: Iterable[tuple[Place, str]]) -> pa.Table:
    """Single files as MEMBERS, each with the name it has as a member."""
    rows = []
    for path, name in files:
        if isinstance(path, ObjectPath):
            facts = path.facts()
            rows.append(Member(name, facts.size, object_stamp(path, facts.etag)))
        else:
            status = path.stat()
            rows.append(Member(name, status.st_size, str(status.st_mtime_ns)))
    return pa.Table.from_pylist([row._asdict() for row in rows], schema=MEMBERS)


def read_members(location: Location, members: pa.Table) -> Iterator[Document]:
    """The members of a listing, whole, in the order of its rows: each its bytes or a reason.

    `members` has the columns of MEMBERS; others are ignored. A member that differs from its listing
    is read a second time, then comes without bytes under the rule `changed_while_read`; one that is
    damaged or denied comes under `unreadable`. A stamp that is not storage's (decoders replace
    those of tables by a hash of records) is not compared, the size is.

    Raises OSError when the whole folder or archive is gone or the disk fails, so that retries can
    act, and InputError when a store fails or the password of a zip is missing or wrong.
    """
    names = (name for chunk in members["name"].chunks for name in chunk.to_pylist())
    answers = _read_each(location, members, _whole, ())
    for name, answer in zip(names, answers, strict=True):
        yield answer if isinstance(answer, Document) else Document(name, answer)


def read_member(location: Location, name: str) -> bytes:
    """One member, whole, as it is now. Raises InputError in one sentence when it cannot be read."""
    if location.kind == "file" and name != location.path.name:
        raise InputError(f"{location.path} has no member {name}.")
    unlisted = pa.table([[name], [-1], [""]], schema=MEMBERS)
    (document,) = read_members(location, unlisted)
    if document.data is None:
        raise InputError(f"{name} in {location.path} cannot be read: {document.message}.")
    return document.data


def read_heads(location: Location, members: pa.Table, probe: Probe[T]) -> Iterator[T | Document]:
    """The answers of `probe(head, whole)` to the first bytes of each member, in row order.

    The probe returns None to see more: heads grow from 1 to 4 to 64 KiB to the whole member, and
    with `whole` it must answer. A member that cannot be read comes as a Document with its
    rule and message, as `read_members` has them, and the same errors are raised.
    """
    yield from _read_each(location, members, probe, HEAD_SIZES)


def _whole(data: bytes, whole: bool) -> bytes | None:
    return data if whole else None


def _read_each(
    location: Location, rows: pa.Table, probe: Probe[T], heads: Sequence[int]
) -> Iterator[T | Document]:
    with _reader(location.root) as reader:
        for batch in rows.select(MEMBERS.names).to_batches(max_chunksize=_ROWS):
            members = [Member(*row) for row in zip(*batch.to_pydict().values(), strict=True)]
            placed = zip(_carriers(location, members), members, strict=True)
            for carrier, group in groupby(placed, key=itemgetter(0)):
                chosen = [member for _, member in group]
                if carrier == "zip":
                    yield from read_archived(location, chosen, probe, heads=heads)
                elif carrier == "side file":
                    for member in chosen:
                        yield _read_side_file(location, member, probe, heads)
                else:
                    yield from reader.read_each(chosen, probe, heads)


def _reader(root: Place) -> AbstractContextManager[FolderReader | PrefixReader]:
    if isinstance(root, ObjectPath):
        return nullcontext(PrefixReader(root))
    return FolderReader(root)


def _read_side_file(
    location: Location, member: Member, probe: Probe[T], heads: Sequence[int]
) -> T | Document:
    """Read a file outside the source's folder; a reason why not has the member's name."""
    name = member.name.removeprefix(SIDE_FOLDER)
    (path,) = (path for path in location.side_files if path.name == name)
    with _reader(path.parent) as reader:
        (answer,) = reader.read_each([member._replace(name=name)], probe, heads)
    return answer._replace(name=member.name) if isinstance(answer, Document) else answer


def _carriers(location: Location, members: Sequence[Member]) -> list[Carrier]:
    """Where each member is: known by the stamp for members of zips that have one."""
    if location.kind != "zips":
        in_zip = [False] * len(members)
    elif location.archives == (location.path,):
        in_zip = [True] * len(members)
    else:
        names = pa.array([member.name for member in members], pa.large_string())
        rows = read_zip_index(location).find(names).tolist()
        in_zip = [
            row >= 0 or member.stamp.startswith(ARCHIVE_STAMPS)
            for row, member in zip(rows, members, strict=True)
        ]
    carriers: list[Carrier] = ["zip" if packed else "folder" for packed in in_zip]
    if location.side_files:
        for place, member in enumerate(members):
            if member.name.startswith(SIDE_FOLDER):
                carriers[place] = "side file"
    return carriers

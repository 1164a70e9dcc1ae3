"""List and read the members of a Location: the same names, order and bytes for folder and zips."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from flows.storage.folder_listing import list_folder
from flows.storage.folder_reader import FolderReader
from flows.storage.location import SIDE_FOLDER, Location
from flows.storage.member import ARCHIVE_STAMPS, HEADS, Listed
from flows.storage.zips.archive import read_archived
from flows.storage.zips.zip_index import catalogue
from schemas.errors import InputError
from schemas.source import MEMBERS, Document

T = TypeVar("T")

_ROWS = 4_096


def list_members(location: Location) -> pa.Table:
    """Every member of a source as schemas.source.MEMBERS, sorted by name.

    The stamp is mtime_ns as text for files and `crc32:...` for members of zips (`aes:...` for
    those that keep no CRC). Raises OSError when a folder cannot be listed, InputError when an
    archive is damaged or two places hold a member of one name.
    """
    if location.side_files:
        own = list_members(replace(location, side_files=()))
        named = [_row(path, SIDE_FOLDER + path.name) for path in location.side_files]
        return pa.concat_tables([own, pa.Table.from_pylist(named, schema=MEMBERS)]).sort_by("name")
    if location.kind == "file":
        row = _row(location.path, location.path.name)
        return pa.Table.from_pylist([row], schema=MEMBERS)
    if location.kind == "folder":
        return list_folder(location.path)
    packed = catalogue(location).members()
    if location.archives == (location.path,):
        return packed
    loose = list_folder(location.path, skip=frozenset(path.name for path in location.archives))
    both = loose.filter(pc.is_in(loose["name"], value_set=packed["name"]))["name"]
    if len(both):
        raise InputError(
            f"{location.path} holds {both[0]} twice, packed and unpacked: "
            "leave only one of them there."
        )
    return pa.concat_tables([packed, loose]).sort_by("name").combine_chunks()


def _row(path: Path, name: str) -> dict[str, str | int]:
    found = path.stat()
    return {"name": name, "size": found.st_size, "stamp": str(found.st_mtime_ns)}


def read_members(location: Location, members: pa.Table) -> Iterator[Document]:
    """The members of a listing, whole, in the order of its rows: each its bytes or a reason.

    `members` has the columns of MEMBERS (others are left alone). What is read is compared with the
    listing: a member that differs is read again once, then comes without bytes under the rule
    `changed_while_read`; one that is damaged or denied comes under `unreadable`. A stamp that is
    not storage's own (decoders give tables a hash of records) is not compared, the size is.

    Raises OSError when the whole folder or archive is gone or the disk fails, so that retries can
    act, and InputError when a zip's password is missing or another one.
    """
    names = (name for chunk in members["name"].chunks for name in chunk.to_pylist())
    answers = _asked(location, members, _whole, ())
    for name, answer in zip(names, answers, strict=True):
        yield answer if isinstance(answer, Document) else Document(name, answer)


def read_member(location: Location, name: str) -> bytes:
    """One member, whole, as it is now. Raises InputError in one sentence when it cannot be had."""
    if location.kind == "file" and name != location.path.name:
        raise InputError(f"{location.path} has no member {name}.")
    now = pa.table({"name": [name], "size": [-1], "stamp": [""]})
    (document,) = read_members(location, now)
    if document.data is None:
        raise InputError(f"{name} in {location.path} cannot be read: {document.message}.")
    return document.data


def read_heads(
    location: Location, members: pa.Table, probe: Callable[[bytes, bool], T | None]
) -> Iterator[T | Document]:
    """What `probe(head, whole)` says to the first bytes of each member, in the order of the rows.

    The probe answers None to see more: heads grow from 1 to 4 to 64 KiB to all of it, and
    with `whole` it must answer. A member that cannot be read comes as a Document with its
    rule and message, as `read_members` has them, and the same errors are raised.
    """
    yield from _asked(location, members, probe, HEADS)


def _whole(data: bytes, whole: bool) -> bytes | None:
    return data if whole else None


def _asked(
    location: Location,
    members: pa.Table,
    probe: Callable[[bytes, bool], T | None],
    heads: Sequence[int],
) -> Iterator[T | Document]:
    with FolderReader(location.root) as reader:
        for batch in members.select(MEMBERS.names).to_batches(max_chunksize=_ROWS):
            listed = [Listed(*row) for row in zip(*batch.to_pydict().values(), strict=True)]
            places = zip(_packed(location, listed), listed, strict=True)
            for packed, group in groupby(places, key=itemgetter(0)):
                chosen = [member for _, member in group]
                if location.side_files and chosen[0].name.startswith(SIDE_FOLDER):
                    yield from (_ask_beside(location, one, probe, heads) for one in chosen)
                elif packed:
                    yield from read_archived(location, chosen, probe, heads=heads)
                else:
                    for member in chosen:
                        yield reader.ask(member, probe, heads)


def _ask_beside(
    location: Location,
    member: Listed,
    probe: Callable[[bytes, bool], T | None],
    heads: Sequence[int],
) -> T | Document:
    """Ask a file that was named beside the source; what is said of it keeps the member's name."""
    name = member.name.removeprefix(SIDE_FOLDER)
    (path,) = (path for path in location.side_files if path.name == name)
    with FolderReader(path.parent) as reader:
        answer = reader.ask(member._replace(name=name), probe, heads)
    return answer._replace(name=member.name) if isinstance(answer, Document) else answer


def _packed(location: Location, listed: Sequence[Listed]) -> list[bool | str]:
    """Which members lie in an archive; of those with a stamp, the stamp knows.

    Side files, which lie in none, form a group of their own.
    """
    if location.side_files:
        beside = [member.name.startswith(SIDE_FOLDER) for member in listed]
        others = [member for member, side in zip(listed, beside, strict=True) if not side]
        found = iter(_packed(replace(location, side_files=()), others))
        return ["beside" if side else next(found) for side in beside]
    if location.kind != "zips":
        return [False] * len(listed)
    if location.archives == (location.path,):
        return [True] * len(listed)
    names = pa.array([member.name for member in listed], pa.string())
    here = (catalogue(location).find(names) >= 0).tolist()
    return [
        found or member.stamp.startswith(ARCHIVE_STAMPS)
        for found, member in zip(here, listed, strict=True)
    ]

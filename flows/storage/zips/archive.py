"""Read members of zips in place: many at a time, whole or only as far as a picture's header."""

import errno
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from flows.storage.location import Location
from flows.storage.member import Member, MemberError, Probe, T, is_stamp
from flows.storage.zips.entries import OpenArchives, unpacked
from flows.storage.zips.zip_directory import ENTRY, LARGE, PROBLEMS, Entry
from flows.storage.zips.zip_index import ZipIndex, archive_state, read_zip_index
from schemas.source import Document

_ROWS = 4_096  # members looked up together
_BYTES = 32 << 20  # in memory together, packed and unpacked; also what makes decryption wide


def read_archived(
    location: Location,
    members: Sequence[Member],
    probe: Probe[T],
    *,
    heads: Sequence[int] = (),
) -> Iterator[T | Document]:
    """The answers of `probe` to each member, in order; without `heads` to whole members only.

    A member that differs from its listing or is damaged comes as a Document with its reason. Whole
    members are checked by CRC (AE-2: by authentication). An archive that was replaced meanwhile is
    read a second time. Raises InputError when the password is missing or wrong, OSError when an
    archive is gone or is still being written.
    """
    first = 0
    while first < len(members):
        for _ in range(2):
            index = read_zip_index(location)
            group = _Group(index, members[first : first + _ROWS], whole=not heads)
            answers = group.answers(probe, heads)
            if index.states == tuple(archive_state(path) for path in index.archives):
                break
        else:
            raise OSError(errno.ESTALE, "it is being written to", str(location.path))
        first += len(answers)
        yield from answers


class _Group:
    """The next members that are read together, with their entries in one state of the archives."""

    def __init__(self, index: ZipIndex, members: Sequence[Member], *, whole: bool) -> None:
        rows = index.find(pa.array([member.name for member in members], pa.large_string()))
        # A missing member has row -1 and the entry of another one; _compare reports it.
        entries = index.entries[rows] if len(index.entries) else np.zeros(len(rows), ENTRY)
        if whole:
            sizes = np.maximum(entries["packed"], entries["size"])
            count = max(1, int((sizes.cumsum() <= _BYTES).sum()))
            members, rows, entries = members[:count], rows[:count], entries[:count]
        self._index = index
        self._members = members
        self._rows: list[int] = rows.tolist()
        self._stamps = index.stamps(rows) if len(index.entries) else [""] * len(members)
        self._entries = [Entry(*entry) for entry in entries.tolist()]

    def answers(self, probe: Probe[T], heads: Sequence[int]) -> list[T | Document]:
        answers: dict[int, T | Document] = {}
        for place, member in enumerate(self._members):
            try:
                self._compare(place)
            except MemberError as error:
                answers[place] = Document(member.name, None, error.rule, str(error))
        with OpenArchives(self._index) as archives:
            for limit in (*heads, None):
                waiting = [place for place in range(len(self._members)) if place not in answers]
                for chosen in self._portions(waiting, limit):
                    answers.update(self._answers_of(archives, chosen, limit, probe))
        return [answers[place] for place in range(len(self._members))]

    def _answers_of(
        self,
        archives: OpenArchives,
        chosen: Sequence[int],
        limit: int | None,
        probe: Probe[T],
    ) -> Iterator[tuple[int, T | Document]]:
        entries = [self._entries[place] for place in chosen]
        limits = [None if limit is None or entry.size <= limit else limit for entry in entries]
        packed = archives.packed([self._rows[place] for place in chosen], entries, limits)
        for place, entry, size, result in zip(chosen, entries, limits, packed, strict=True):
            name = self._members[place].name
            try:
                if isinstance(result, MemberError):
                    raise result
                data = unpacked(entry, result, size)
                # Bytes that inflate to fewer than asked for (rare): the next round brings more.
                short = size is not None and len(data) < size
                answer = None if short else probe(data, size is None)
            except MemberError as error:
                yield place, Document(name, None, error.rule, str(error))
            else:
                if answer is not None:
                    yield place, answer

    def _portions(self, places: Sequence[int], limit: int | None) -> Iterator[list[int]]:
        """The positions in order, cut into runs of at most _BYTES."""
        portion: list[int] = []
        total = 0
        for place in places:
            packed = self._entries[place].packed
            size = packed if limit is None else min(packed, limit)
            if portion and total + size > _BYTES:
                yield portion
                portion, total = [], 0
            portion.append(place)
            total += size
        if portion:
            yield portion

    def _compare(self, place: int) -> None:
        """MemberError when a member is not the one that was listed, or cannot be read."""
        member, entry = self._members[place], self._entries[place]
        if self._rows[place] < 0:
            raise MemberError("changed_while_read", "it is not in the archive any more")
        changed = is_stamp(member.stamp) and member.stamp != self._stamps[place]
        if changed or member.size not in (entry.size, -1):
            raise MemberError("changed_while_read", "the archive holds another file now")
        if entry.problem:
            rule = "too_large" if entry.problem == LARGE else "unreadable"
            raise MemberError(rule, PROBLEMS[entry.problem])

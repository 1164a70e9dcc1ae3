"""Read members of zips in place: many at a time, whole or only as far as a picture's header."""

import errno
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa

from flows.storage.location import Location
from flows.storage.member import Listed, Refused, is_stamp
from flows.storage.zips.entries import OpenArchives, unpacked
from flows.storage.zips.zip_directory import ENTRY, LARGE, PROBLEMS, Entry
from flows.storage.zips.zip_index import Catalogue, catalogue, signature
from schemas.source import Document

T = TypeVar("T")

_ROWS = 4_096  # members looked up together
_BYTES = 32 << 20  # in memory together, packed and unpacked; also what makes decryption wide


def read_archived(
    location: Location,
    listed: Sequence[Listed],
    probe: Callable[[bytes, bool], T | None],
    *,
    heads: Sequence[int] = (),
) -> Iterator[T | Document]:
    """What `probe` says to each member, in order; without `heads` it is shown whole members only.

    A member that is not what was listed, or is damaged, comes as a Document with its reason. Whole
    members are checked by CRC (AE-2: by authentication). An archive that was replaced meanwhile is
    read again once. Raises InputError when the password is missing or another one, OSError when
    an archive is gone or is still being written.
    """
    first = 0
    while first < len(listed):
        for _ in range(2):
            state = catalogue(location)
            group = _Group(state, listed[first : first + _ROWS], whole=not heads)
            answers = group.answers(probe, heads)
            if state.signatures == tuple(signature(path) for path in state.archives):
                break
        else:
            raise OSError(errno.ESTALE, "it is being written to", str(location.path))
        first += len(answers)
        yield from answers


class _Group:
    """As many of the members listed as are read together, found in one state of the archives."""

    def __init__(self, state: Catalogue, listed: Sequence[Listed], *, whole: bool) -> None:
        rows = state.find(pa.array([member.name for member in listed], pa.string()))
        # A member that is not there takes the place of any other; _compare tells them apart.
        found = state.entries[rows] if len(state.entries) else np.zeros(len(rows), ENTRY)
        if whole:
            sizes = np.maximum(found["packed"], found["size"])
            count = max(1, int((sizes.cumsum() <= _BYTES).sum()))
            listed, rows, found = listed[:count], rows[:count], found[:count]
        self._state = state
        self._listed = listed
        self._rows: list[int] = rows.tolist()
        self._stamps = state.stamps(rows) if len(state.entries) else [""] * len(listed)
        self._entries = [Entry(*entry) for entry in found.tolist()]

    def answers(
        self, probe: Callable[[bytes, bool], T | None], heads: Sequence[int]
    ) -> list[T | Document]:
        answers: dict[int, T | Document] = {}
        for place, member in enumerate(self._listed):
            try:
                self._compare(place)
            except Refused as refused:
                answers[place] = Document(member.name, None, refused.rule, str(refused))
        with OpenArchives(self._state) as archives:
            for limit in (*heads, None):
                waiting = [place for place in range(len(self._listed)) if place not in answers]
                for chosen in self._portions(waiting, limit):
                    answers.update(self._asked(archives, chosen, limit, probe))
        return [answers[place] for place in range(len(self._listed))]

    def _asked(
        self,
        archives: OpenArchives,
        chosen: Sequence[int],
        limit: int | None,
        probe: Callable[[bytes, bool], T | None],
    ) -> Iterator[tuple[int, T | Document]]:
        entries = [self._entries[place] for place in chosen]
        limits = [None if limit is None or entry.size <= limit else limit for entry in entries]
        packed = archives.packed([self._rows[place] for place in chosen], entries, limits)
        for place, entry, own, found in zip(chosen, entries, limits, packed, strict=True):
            name = self._listed[place].name
            try:
                if isinstance(found, Refused):
                    raise found
                data = unpacked(entry, found, own)
                # Bytes that inflate to fewer than asked for (rare): the next round brings more.
                short = own is not None and len(data) < own
                answer = None if short else probe(data, own is None)
            except Refused as refused:
                yield place, Document(name, None, refused.rule, str(refused))
            else:
                if answer is not None:
                    yield place, answer
                elif own is None:
                    raise AssertionError(f"the probe gave no answer to the whole of {name}")

    def _portions(self, places: Sequence[int], limit: int | None) -> Iterator[list[int]]:
        """The places in order, as many together as _BYTES allows."""
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
        """Raises Refused when a member is not what was listed, or cannot be read in any case."""
        member, entry = self._listed[place], self._entries[place]
        if self._rows[place] < 0:
            raise Refused("changed_while_read", "it was listed, but the archive has lost it since")
        changed = is_stamp(member.stamp) and member.stamp != self._stamps[place]
        if changed or member.size not in (entry.size, -1):
            raise Refused("changed_while_read", "the archive holds another file in its place now")
        if entry.problem:
            rule = "too_large" if entry.problem == LARGE else "unreadable"
            raise Refused(rule, PROBLEMS[entry.problem])

"""Index of the zips of a Location: their members by name, parsed once per process and state."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from flows.storage.location import Location
from flows.storage.names import member_names, number_duplicates
from flows.storage.objects import ObjectPath
from flows.storage.place import Place
from flows.storage.prefix import object_stamp
from flows.storage.zips.zip_directory import ENTRY, read_directory
from schemas.errors import InputError
from schemas.source import MEMBERS

ArchiveState = tuple[int, int | str, int]
"""Size, mtime_ns and inode of an archive, or size, etag and 0; another state: it was replaced."""


@dataclass(frozen=True)
class ZipIndex:
    """Entries of all archives by member name; `archive` is the position of an entry's archive."""

    archives: tuple[Place, ...]
    states: tuple[ArchiveState, ...]
    names: pa.Array
    archive: npt.NDArray[np.int16]
    entries: npt.NDArray[np.void]

    def members(self) -> pa.Table:
        """The members as schemas.source.MEMBERS."""
        sizes = pa.array(self.entries["size"])
        stamps = self.stamps(np.arange(len(self.names)))
        return pa.table([self.names, sizes, pa.array(stamps, pa.large_string())], schema=MEMBERS)

    def stamps(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """CRCs. AE-2 keeps none: there the stamp changes with the archive."""
        entries = self.entries[rows]
        stamps = [f"crc32:{crc:08x}" for crc in entries["crc"].tolist()]
        for place in np.flatnonzero(entries["unchecked"]).tolist():
            _, changed, _ = self.states[self.archive[rows[place]]]
            stamps[place] = f"aes:{changed}:{entries['offset'][place]}"
        return stamps

    def find(self, names: pa.Array) -> npt.NDArray[np.int64]:
        """The row of each name; -1 where it is not in an archive."""
        if not len(names) or not len(self.names):
            return np.full(len(names), -1, dtype=np.int64)
        ends = pc.min_max(names).as_py()
        first = bisect_left(self.names, ends["min"], key=_text)
        last = bisect_right(self.names, ends["max"], key=_text)
        rows = pc.index_in(names, value_set=self.names.slice(first, last - first))
        return pc.fill_null(pc.add(rows.cast(pa.int64()), first), -1).to_numpy()


def read_zip_index(location: Location) -> ZipIndex:
    """The index as of now: parsed again when an archive was replaced. Raises InputError."""
    return _parsed(location.archives, tuple(archive_state(path) for path in location.archives))


def archive_state(path: Place) -> ArchiveState:
    """The state of an archive, to see whether it was replaced; one request for an object."""
    if isinstance(path, ObjectPath):
        facts = path.facts()
        return facts.size, object_stamp(path, facts.etag), 0
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


@lru_cache(maxsize=2)
def _parsed(archives: tuple[Place, ...], states: tuple[ArchiveState, ...]) -> ZipIndex:
    archives = tuple(map(_with_size, archives, states))
    names, entries = [pa.array([], pa.large_string())], [np.empty(0, ENTRY)]
    for path in archives:
        raw_names, archive_entries = read_directory(path)
        archive_names = member_names(
            raw_names, PurePath(path.name).stem.encode(errors="replace").decode()
        )
        del raw_names
        if len(_repeated(archive_names.take(pc.sort_indices(archive_names)))):
            archive_names = pa.array(number_duplicates(archive_names.to_pylist()), pa.string())
        names.append(archive_names.cast(pa.large_string()))  # of all archives: over 2^31 bytes
        entries.append(archive_entries)
    owner = np.repeat(np.arange(-1, len(archives), dtype=np.int16), [len(part) for part in names])
    all_names = pa.concat_arrays(names)
    order = pc.sort_indices(all_names)
    all_names, owner = all_names.take(order), owner[order]
    for place in _repeated(all_names)[:1]:
        first, second = (archives[owner[place + k]].name for k in (0, 1))
        raise InputError(f"{first} and {second} both hold {all_names[place]}: remove one of them.")
    sorted_entries = np.concatenate(entries)[order]
    pa.default_memory_pool().release_unused()  # a worker keeps this state for its whole life
    return ZipIndex(archives, states, all_names, owner, sorted_entries)


def _with_size(path: Place, state: ArchiveState) -> Place:
    """The archive; an object knows its size, which saves a request whenever it is opened."""
    return path.with_size(state[0]) if isinstance(path, ObjectPath) else path


def _repeated(names: pa.Array) -> list[int]:
    """Positions of sorted names that are equal to the next one."""
    repeated = pc.equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(repeated).tolist()


def _text(name: pa.LargeStringScalar) -> str:
    return name.as_py()

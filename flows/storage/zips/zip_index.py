"""What the zips of a Location hold together, by member name; parsed once per process and state."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from flows.storage.location import Location
from flows.storage.names import member_names, numbered_repeats
from flows.storage.zips.zip_directory import ENTRY, Entry, read_directory
from schemas.errors import InputError
from schemas.source import MEMBERS

Signature = tuple[int, int, int]
"""Size, mtime_ns and inode of an archive: another one means another archive."""


@dataclass(frozen=True)
class Catalogue:
    """Entries of all archives sorted by member name; `archive` says whose, by its place."""

    archives: tuple[Path, ...]
    signatures: tuple[Signature, ...]
    names: pa.Array
    archive: npt.NDArray[np.int16]
    entries: npt.NDArray[np.void]

    def members(self) -> pa.Table:
        """As schemas.source.MEMBERS; stamps as `stamps` says."""
        sizes = pa.array(self.entries["size"])
        stamps = self.stamps(np.arange(len(self.names)))
        return pa.table([self.names, sizes, pa.array(stamps, pa.string())], schema=MEMBERS)

    def stamps(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """CRCs. AE-2 keeps none, so there any change of the archive counts as one of the member."""
        entries = self.entries[rows]
        stamps = [f"crc32:{crc:08x}" for crc in entries["crc"].tolist()]
        for place in np.flatnonzero(entries["unchecked"]).tolist():
            _, changed, _ = self.signatures[self.archive[rows[place]]]
            stamps[place] = f"aes:{changed}:{entries['offset'][place]}"
        return stamps

    def find(self, names: pa.Array) -> npt.NDArray[np.int64]:
        """The row of each name, -1 where no archive holds it."""
        if not len(names) or not len(self.names):
            return np.full(len(names), -1, dtype=np.int64)
        ends = pc.min_max(names).as_py()
        first = bisect_left(self.names, ends["min"], key=_text)
        last = bisect_right(self.names, ends["max"], key=_text)
        rows = pc.index_in(names, value_set=self.names.slice(first, last - first))
        return pc.fill_null(pc.add(rows.cast(pa.int64()), first), -1).to_numpy()

    def entry(self, row: int) -> Entry:
        return Entry(*self.entries[row].item())


def catalogue(location: Location) -> Catalogue:
    """The catalogue as of now: parsed anew when an archive was replaced. Raises InputError."""
    return _parsed(location.archives, tuple(signature(path) for path in location.archives))


def signature(path: Path) -> Signature:
    """What tells one state of an archive from another."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=2)
def _parsed(archives: tuple[Path, ...], signatures: tuple[Signature, ...]) -> Catalogue:
    names, entries = [pa.array([], pa.string())], [np.empty(0, ENTRY)]
    for path in archives:
        raw, found = read_directory(path)
        given = member_names(raw, path.stem.encode(errors="replace").decode())
        del raw
        if len(_repeated(given.take(pc.sort_indices(given)))):
            given = pa.array(numbered_repeats(given.to_pylist()), pa.string())
        names.append(given)
        entries.append(found)
    owner = np.repeat(np.arange(-1, len(archives), dtype=np.int16), [len(own) for own in names])
    together = pa.concat_arrays(names)
    order = pc.sort_indices(together)
    together, owner = together.take(order), owner[order]
    for place in _repeated(together)[:1]:
        one, other = (archives[owner[place + k]].name for k in (0, 1))
        raise InputError(
            f"{one} and {other} both hold {together[place]}: leave only one of them there."
        )
    sorted_entries = np.concatenate(entries)[order]
    pa.default_memory_pool().release_unused()  # a worker keeps this state for its whole life
    return Catalogue(archives, signatures, together, owner, sorted_entries)


def _repeated(names: pa.Array) -> list[int]:
    """Places of sorted names that stand again right behind."""
    repeated = pc.equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(repeated).tolist()


def _text(name: pa.StringScalar) -> str:
    return name.as_py()

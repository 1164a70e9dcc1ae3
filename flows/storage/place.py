"""Places: a path of this machine or an address of an object store, read and written alike."""

import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from flows.storage.atomic import atomic_write
from flows.storage.descriptors import READ, read_at
from flows.storage.objects import ObjectPath, is_address

Place: TypeAlias = Path | ObjectPath
"""A file or folder, or an object or prefix of a store; both have the names of pathlib."""

TAIL = 256 << 10
"""Bytes at the end of an object that are read at once: there Parquet keeps what it reads first."""

KEPT_TAILS = 512
"""Ends of objects that a connection keeps: at most 128 MB."""


def parse_place(text: str | os.PathLike[str] | ObjectPath) -> Place:
    """`s3://bucket/prefix` as ObjectPath, anything else as Path. InputError for a bad address."""
    if isinstance(text, ObjectPath):
        return text
    return ObjectPath.parse(text) if is_address(text) else Path(text)


def write_whole(place: Place, data: bytes) -> None:
    """Replace a small file or object: readers see the old bytes or the new ones."""
    if isinstance(place, ObjectPath):
        place.write_bytes(data)
    else:
        with atomic_write(place) as file:
            file.write(data)


def size_of(place: Place) -> int:
    """The bytes of a file or object; without a request where they are known."""
    if isinstance(place, ObjectPath):
        return place.facts().size if place.size is None else place.size
    return place.stat().st_size


class OpenBytes(Protocol):
    """Bytes to read at any position, from several threads."""

    def size(self) -> int: ...

    def read_at(self, size: int, start: int) -> bytes: ...

    def read_ranges(self, starts: Sequence[int], sizes: Sequence[int]) -> Iterable[bytes]: ...

    def close(self) -> None: ...


class Tails:
    """The ends of objects that do not change, kept for those who open them again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[ObjectPath, bytes] = OrderedDict()

    def read(self, path: ObjectPath, start: int, length: int) -> bytes:
        """The last `length` bytes of an object: one request, the first time. For any thread."""
        tail = self._kept.get(path)
        if tail is None:
            tail = path.read_range(start, length)
            self._kept[path] = tail
            if len(self._kept) > KEPT_TAILS:
                self._kept.popitem(last=False)
        return tail


def open_bytes(place: Place, tails: Tails | None = None) -> OpenBytes:
    """A place opened to read at positions; OSError (ENOENT) where it does not exist."""
    if isinstance(place, ObjectPath):
        return _ObjectBytes(place, tails or Tails())
    return _FileBytes(place)


class _FileBytes:
    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, READ)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def read_at(self, size: int, start: int) -> bytes:
        """`size` bytes from `start`, fewer at the end of the file only."""
        data = read_at(self._descriptor, size, start)
        while len(data) < size and (
            more := read_at(self._descriptor, size - len(data), start + len(data))
        ):
            data += more
        return data

    def read_ranges(self, starts: Sequence[int], sizes: Sequence[int]) -> Iterable[bytes]:
        """What `read_at` returns for each, read when it is taken."""
        return map(self.read_at, sizes, starts)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class _ObjectBytes:
    """Ranged reads of an object, one request each; the last TAIL bytes are requested once."""

    def __init__(self, path: ObjectPath, tails: Tails) -> None:
        self._path, self._tails = path, tails
        self._size = size_of(path)

    def size(self) -> int:
        return self._size

    def read_at(self, size: int, start: int) -> bytes:
        """`size` bytes from `start`, fewer at the end of the object only."""
        size = min(size, self._size - start)
        if size <= 0:
            return b""
        first = max(0, self._size - TAIL)
        if start < first:
            return self._path.read_range(start, size)
        tail = self._tails.read(self._path, first, self._size - first)
        return tail[start - first : start - first + size]

    def read_ranges(self, starts: Sequence[int], sizes: Sequence[int]) -> Iterable[bytes]:
        """What `read_at` returns for each, with few requests for those that are near each other."""
        pairs = zip(starts, sizes, strict=True)
        lengths = [min(size, self._size - start) for start, size in pairs]
        present = [place for place, length in enumerate(lengths) if length > 0]
        answers = [b""] * len(lengths)
        read = self._path.read_ranges(
            [starts[place] for place in present], [lengths[place] for place in present]
        )
        for place, data in zip(present, read, strict=True):
            answers[place] = data
        return answers

    def close(self) -> None:
        self._tails = Tails()

"""One open file of a release, on this machine or in an object store, for DuckDB and for Arrow."""

import os
from pathlib import Path
from threading import get_ident

from flows.storage.objects import ObjectPath
from flows.storage.place import Place, Tails, open_bytes


class ReleaseFile:
    """An open file with a position for each thread, for DuckDB and for Arrow.

    DuckDB seeks and reads one handle from several threads, in separate calls: with one position
    for all, a thread would read where another one has just moved it.
    """

    def __init__(self, name: str, place: Place, tails: Tails | None = None) -> None:
        self._name = name
        self.closed = False
        try:
            self._bytes = open_bytes(place, tails)
        except OSError as error:
            raise OSError(error.errno, error.strerror, name) from None
        # By number of the thread: threading.local forgets threads that Python did not start.
        self._positions: dict[int, int] = {}

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes from this thread's position, fewer at the end of the file only."""
        start = self.tell()
        if size < 0:
            size = max(0, self._bytes.size() - start)
        try:
            data = self._bytes.read_at(size, start)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._name) from None
        self._positions[get_ident()] = start + len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move this thread's position and return it."""
        if whence != os.SEEK_SET:
            offset += self.tell() if whence == os.SEEK_CUR else self._bytes.size()
        self._positions[get_ident()] = offset
        return offset

    def tell(self) -> int:
        """This thread's position."""
        return self._positions.get(get_ident(), 0)

    def readable(self) -> bool:
        """True, which Arrow asks first."""
        return True

    seekable = readable

    def close(self) -> None:
        """Close the file for all threads; a second call does nothing."""
        if not self.closed:
            self.closed = True
            self._bytes.close()

    def __del__(self) -> None:
        if hasattr(self, "_bytes"):
            self.close()


def arrow_input(place: Place) -> Path | ReleaseFile:
    """What Arrow opens to read a file of a release: the path, or an open object."""
    return ReleaseFile(str(place), place) if isinstance(place, ObjectPath) else place

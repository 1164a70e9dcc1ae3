"""Read files of a folder so that what was read is what was listed, or there is a reason."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from flows.storage.folder_listing import allowed_roots, leads_inside
from flows.storage.member import LARGEST, Listed, Refused, is_stamp, too_large
from schemas.source import Document

T = TypeVar("T")

_OF_THE_MEMBER = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ENXIO,
    }
)


class FolderReader:
    """Reads members below `root`, never beyond it, keeping one folder open at a time.

    Folders are opened step by step and without following links (those directly in the root
    excepted), so that a name cannot lead out even when a folder is replaced by a link meanwhile.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = ""
        self._handle: int | None = None
        self._inside: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def ask(
        self, listed: Listed, probe: Callable[[bytes, bool], T | None], heads: Sequence[int] = ()
    ) -> T | Document:
        """What `probe` says to the first bytes, as many as it asks for, or why it cannot."""

        def grow(handle: int, size: int) -> T:
            head = b""
            for limit in (*heads, size):
                head += _read(handle, min(limit, size), len(head))
                answer = probe(head, len(head) >= size)
                if answer is not None:
                    return answer
            raise AssertionError(f"the probe gave no answer to the whole of {listed.name}")

        return self._twice(listed, grow)

    def _twice(self, listed: Listed, read: Callable[[int, int], T]) -> T | Document:
        """Read, and read again once when it is not what was listed."""
        refusal = Refused("unreadable", "")
        for _ in range(2):
            try:
                return self._once(listed, read)
            except Refused as refused:
                refusal = refused
            except OSError as error:
                refusal = self._judge(listed, error)
            self._close()  # a folder that was replaced must be found anew
        return Document(listed.name, None, refusal.rule, str(refusal))

    def _once(self, listed: Listed, read: Callable[[int, int], T]) -> T:
        handle = self._open(listed.name)
        try:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                raise Refused("unreadable", "it is not a regular file")
            if before.st_size > LARGEST:
                raise too_large(before.st_size)
            _compare(listed, before)
            answer = read(handle, before.st_size)
            after = os.fstat(handle)
        finally:
            os.close(handle)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Refused("changed_while_read", "it was written to while it was read")
        return answer

    def _open(self, name: str) -> int:
        folder, _, file = name.rpartition("/")
        if file in ("", ".", ".."):
            raise Refused("unreadable", "its name is not the name of a file")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        parent = self._enter(folder)
        try:
            return os.open(file, flags, dir_fd=parent)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        path = self._root / name
        self._inside = self._inside or allowed_roots(self._root)
        if not leads_inside(str(path), self._inside):
            raise Refused("unreadable", "it is a link that leads out of the source")
        # Opened by its real name, again without following a link put there meanwhile.
        return os.open(os.path.realpath(path), flags)

    def _enter(self, folder: str) -> int:
        """The handle of a folder below the root."""
        if self._handle is not None and self._folder == folder:
            return self._handle
        self._close()
        steps = folder.split("/") if folder else []
        if any(step in ("", ".", "..") for step in steps):
            raise Refused("unreadable", "its name leads out of the source")
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for depth, step in enumerate(steps):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            try:
                inner = os.open(step, flags if depth == 0 else flags | os.O_NOFOLLOW, dir_fd=handle)
            finally:
                os.close(handle)
            handle = inner
        self._folder, self._handle = folder, handle
        return handle

    def _judge(self, listed: Listed, error: OSError) -> Refused:
        """Whether an error is this member's own; raises it when the whole folder seems gone.

        An unmounted disk leaves an empty folder or none; its files must not become rejections,
        and what is wrong with a disk or a network may heal, so that is for retries.
        """
        if error.errno not in _OF_THE_MEMBER:
            raise error
        folder = (self._root / listed.name).parent
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EIO):
            neighbour = None
            with suppress(OSError):
                neighbour = next(folder.iterdir(), None)
            if neighbour is None:
                raise OSError(
                    error.errno, "the folder is empty or gone (is it mounted?)", str(folder)
                ) from error
        if error.errno == errno.ENOENT and not (self._root / listed.name).is_symlink():
            return Refused("changed_while_read", "it was listed, but is not there any more")
        return Refused("unreadable", (error.strerror or "it cannot be read").lower())

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _read(handle: int, end: int, start: int = 0) -> bytes:
    """Bytes `start` to `end` of a file; a file that ends earlier was changed."""
    pieces = []
    while start < end:
        piece = os.pread(handle, end - start, start)
        if not piece:
            raise Refused("changed_while_read", "it became shorter while it was read")
        pieces.append(piece)
        start += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _compare(listed: Listed, found: os.stat_result) -> None:
    if found.st_size != listed.size >= 0:
        raise Refused(
            "changed_while_read",
            f"it was listed with {listed.size:,} bytes and now has {found.st_size:,}",
        )
    # Decoders may put a hash of records in the place of our stamp; that one is not ours to check.
    if is_stamp(listed.stamp) and listed.stamp != str(found.st_mtime_ns):
        raise Refused("changed_while_read", "it was written to after it was listed")

"""Read files of a folder: a listed member in, its content or the reason why not out."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Self

from flows.storage.descriptors import FOLDER, OPENS_IN_FOLDERS, READ_NO_LINK, read_at
from flows.storage.folder_listing import allowed_roots, is_inside
from flows.storage.member import MAX_MEMBER_BYTES, Member, MemberError, Probe, T, require_listed
from schemas.source import Document

# Errors of one file. Others may pass (a network, a full table of open files) and are raised.
_ERRORS_OF_A_MEMBER = frozenset(
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
    """Reads members below `root`, and no file outside it.

    A link is followed only when it ends below the root, or below a folder that is linked directly
    in the root. Folders are checked once for consecutive members, file links one by one. As a
    context manager it closes the folder that it holds open.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._checked_folder = ""
        self._open_folder: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close_folder()

    @cached_property
    def _allowed(self) -> tuple[Path, ...]:
        return allowed_roots(self._root)

    def read(self, member: Member, probe: Probe[T], heads: Sequence[int] = ()) -> T | Document:
        """The answer of `probe` to the first bytes, as many as it needs, or the reason why not.

        A member that differs from its listing is read a second time.
        """
        head = self._read_unchanged(member, heads[0] if heads else member.size + 1)
        if head is not None:
            answer = probe(head, len(head) == member.size)
            if answer is not None:
                return answer
            heads = heads[1:]
        for _ in range(2):
            try:
                return self._read_once(member, probe, heads)
            except MemberError as error:
                failure = error
            except OSError as error:
                failure = self._as_member_error(member, error)
            self._checked_folder = ""
        return Document(member.name, None, failure.rule, str(failure))

    def read_each(
        self, members: Iterable[Member], probe: Probe[T], heads: Sequence[int] = ()
    ) -> Iterator[T | Document]:
        """The same for many members, in their order."""
        return (self.read(member, probe, heads) for member in members)

    def _read_unchanged(self, member: Member, most: int) -> bytes | None:
        """The first bytes of a regular file that is as it was listed, in four calls; else None.

        Size and time are compared once: if they equal those of the listing after the last byte, the
        file was not changed since. Files without bytes may be pipes, which no read may empty.
        """
        if not 0 < member.size <= MAX_MEMBER_BYTES or not OPENS_IN_FOLDERS:
            return None
        file = member.name.rpartition("/")[2]
        folder = member.name.removesuffix(file)
        try:
            handle = os.open(file, READ_NO_LINK, dir_fd=self._handle_of(folder))
        except (OSError, MemberError):
            return None
        try:
            data = read_at(handle, most, 0)
            status = os.fstat(handle)
        except OSError:
            return None
        finally:
            os.close(handle)
        is_unchanged = (
            status.st_size == member.size
            and len(data) == min(most, member.size)
            and str(status.st_mtime_ns) == member.stamp
            and stat.S_ISREG(status.st_mode)
        )
        return data if is_unchanged else None

    def _handle_of(self, folder: str) -> int:
        """The descriptor of a folder inside the source, which stays open for the next member."""
        if self._open_folder is None or self._open_folder[0] != folder:
            self._close_folder()
            path = self._path(f"{folder}file").parent
            self._require_inside(path)
            self._open_folder = folder, os.open(path, FOLDER)
        return self._open_folder[1]

    def _close_folder(self) -> None:
        if self._open_folder is not None:
            os.close(self._open_folder[1])
            self._open_folder = None

    def _read_once(self, member: Member, probe: Probe[T], heads: Sequence[int]) -> T:
        handle = self._open(member.name)
        try:
            before = os.fstat(handle)
            _compare(member, before)
            head = b""
            for limit in (*heads, before.st_size):
                head += _read(handle, min(limit, before.st_size), len(head))
                answer = probe(head, len(head) >= before.st_size)
                if answer is not None:
                    break
            else:
                raise AssertionError(f"the probe gave no answer to the whole of {member.name}")
            after = os.fstat(handle)
        finally:
            os.close(handle)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise MemberError("changed_while_read", "it was written to while it was read")
        return answer

    def _path(self, name: str) -> Path:
        if any(step in ("", ".", "..") for step in name.split("/")):
            raise MemberError("unreadable", "its name is not a path below the source")
        return self._root / name

    def _open(self, name: str) -> int:
        path = self._path(name)
        folder = name.rpartition("/")[0]
        if folder != self._checked_folder:
            self._require_inside(path.parent)
            self._checked_folder = folder
        try:
            return os.open(path, READ_NO_LINK)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        self._require_inside(path)
        return os.open(os.path.realpath(path), READ_NO_LINK)

    def _require_inside(self, path: Path) -> None:
        if not is_inside(path, self._allowed):
            raise MemberError("unreadable", "it is a link that leads out of the source")

    def _as_member_error(self, member: Member, error: OSError) -> MemberError:
        """The error as the member's reason; raises it when the whole folder seems to be gone.

        An unmounted disk leaves an empty folder or none, and its files must not become rejections.
        """
        if error.errno not in _ERRORS_OF_A_MEMBER:
            raise error
        path = self._root / member.name
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EIO):
            neighbour = None
            with suppress(OSError):
                neighbour = next(path.parent.iterdir(), None)
            if neighbour is None:
                message = "the folder is empty or gone (is it mounted?)"
                raise OSError(error.errno, message, str(path.parent)) from error
        if error.errno == errno.ENOENT and not path.is_symlink():
            return MemberError("changed_while_read", "it was listed, but does not exist any more")
        return MemberError("unreadable", (error.strerror or "it cannot be read").lower())


def _read(handle: int, end: int, start: int) -> bytes:
    """Bytes `start` to `end` of a file; a file that ends earlier was changed."""
    pieces = []
    while start < end:
        piece = read_at(handle, end - start, start)
        if not piece:
            raise MemberError("changed_while_read", "it became shorter while it was read")
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _compare(member: Member, current: os.stat_result) -> None:
    """MemberError when a file is not the one that was listed, or cannot be read in any case."""
    if not stat.S_ISREG(current.st_mode):
        raise MemberError("unreadable", "it is not a regular file")
    require_listed(member, current.st_size, str(current.st_mtime_ns))

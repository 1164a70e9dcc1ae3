"""The writer lock of a lake: one writer at a time, by a lock that dies with its process.

In: a lake's folder. Out: the lock while a block runs, or an error that names the other writer. The
kernel locks the open file; the text in it only names the holder. `filelock` is not used: it has no
name of the holder, and where the kernel cannot lock it falls back to a file that a crash leaves.
"""

import errno
import os
import shlex
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import msgspec

from flows.release.manifest import JSON_ERRORS
from flows.release.resolve import read_plain_file
from flows.storage.place import Place
from schemas.errors import InputError

T = TypeVar("T")

LOCK = "lock"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says of a full disk, a used up quota and a file that may not grow."""


@contextmanager
def ignore_full_disk(ignore: bool = True) -> Iterator[None]:
    """With `ignore`, leave a step that finds no room on the disk to the next writer."""
    try:
        yield
    except OSError as error:
        if not ignore or error.errno not in NO_ROOM:
            raise


class LakeBusy(InputError):
    """Another process is writing this lake; the sentence names it."""


class Holder(msgspec.Struct, frozen=True):
    """Who writes: a command in a process on a host, since a time."""

    host: str
    pid: int
    since: str
    command: str

    @property
    def was_killed(self) -> bool:
        """Whether its process is gone; False for a process on another host."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid} on {self.host}, since {self.since})"


@contextmanager
def writer_lock(
    root: Path, *, wait: bool | float = False, waiting: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the lake's lock while inside; LakeBusy when another does and `wait` (seconds) is over.

    Spawned workers do not inherit the lock. `waiting` is called once, with a sentence, before it
    waits. On a network file system the kernel asks its server, so writers on two hosts exclude
    each other where the server can lock.
    """
    handle = _open(root / LOCK)

    def lock() -> tuple[None, Holder | str | None]:
        writer = None if _try_lock(handle, root) else _holder(handle) or "another process"
        return None, writer

    try:
        repeat_while_written(root, lock, wait=wait, waiting=waiting, seconds=0.1)
        _write(handle, msgspec.json.encode(this_holder()))
        try:
            yield
        finally:
            _write(handle, b"")
    finally:
        os.close(handle)


def repeat_while_written(
    root: Place,
    attempt: Callable[[], tuple[T, Holder | str | None]],
    *,
    wait: bool | float,
    waiting: Callable[[str], None] | None,
    seconds: float,
) -> T:
    """Call `attempt` until no other writer is at work; return its result.

    `attempt` returns a result and the other writer, or None. While there is one, it is called again
    after `seconds`, for as long as `wait` says (True: without end); then LakeBusy names the writer.
    `waiting` gets one sentence that does.
    """
    deadline = float("inf") if wait is True else time.monotonic() + wait
    while True:
        result, writer = attempt()
        if writer is None:
            return result
        sentence = f"{root} is being written by {writer}"
        if time.monotonic() >= deadline:
            raise LakeBusy(f"{sentence}: try again later, or pass --wait.")
        if waiting is not None:
            waiting(f"{sentence}: waiting for it.")
            waiting = None
        time.sleep(seconds)


def this_holder() -> Holder:
    """This process as a writer, from now on."""
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Holder(socket.gethostname(), os.getpid(), since, command_name())


def command_name() -> str:
    """Name and verb of this process's command: the rest of a command line may be private."""
    return shlex.join([Path(sys.argv[0] or "python").name, *sys.argv[1:2]])


def recorded_holder(root: Path) -> Holder | None:
    """The writer that the lock's file names: at work, or killed before it could remove its name."""
    try:
        return msgspec.json.decode(read_plain_file(root / LOCK), type=Holder)
    except (OSError, *JSON_ERRORS):
        return None


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        handle = os.open(path, flags, 0o644)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return handle
        os.close(handle)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
    raise InputError(f"{path} is not a file, so it cannot be the lock: remove it.")


def require_file_locks() -> None:
    """InputError on a system without the file locks of writers, before anything is changed."""
    if find_spec("fcntl") is None:
        raise InputError(
            "a lake can be read on this system, but not written: writing needs the file locks of "
            "Linux or macOS (Python's module fcntl), so write it there or in WSL."
        )


def _try_lock(handle: int, root: Path) -> bool:
    import fcntl  # not at the top: readers import this module on Windows too

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise InputError(
                f"the file system of {root} cannot lock ({error.strerror}), so two writers "
                "could meet there: keep the lake on one that can."
            ) from error
        raise
    return True


def _write(handle: int, text: bytes) -> None:
    """Replace the name of a holder, where there is room; the lock does not depend on it.

    A file with another content is not the lake's and stays as it is.
    """
    if os.fstat(handle).st_size and _holder(handle) is None:
        return
    with ignore_full_disk():
        os.ftruncate(handle, 0)
        if os.pwrite(handle, text, 0) < len(text):
            os.ftruncate(handle, 0)


def _holder(handle: int) -> Holder | None:
    """The holder that the file names; None for an empty file and one with another content."""
    try:
        return msgspec.json.decode(os.pread(handle, 4096, 0), type=Holder)
    except JSON_ERRORS:
        return None

"""One writer at a time: a lock that dies with its process, names its holder, and is never stale."""

import errno
import fcntl
import os
import shlex
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from schemas.errors import InputError

LOCK = "lock"
CLAIM = ".writer"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says of a full disk, a used up quota and a file that may not grow."""


class LakeBusy(InputError):
    """Another process is writing this lake; the sentence names it."""


class Abandoned(RuntimeError):
    """The run this worker writes for is over or dead: it must not write on."""


class Holder(msgspec.Struct, frozen=True):
    """Who writes: process `pid` on `host` since a time. `born` tells a reused pid from the old."""

    host: str
    pid: int
    born: str
    since: str
    command: str


def this_process() -> Holder:
    """The calling process as a holder."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Holder(socket.gethostname(), os.getpid(), _born(os.getpid()), since, _command())


def _command() -> str:
    # Only the name and the verb: a command line may hold what should not lie in a shared folder.
    return shlex.join([Path(sys.argv[0] or "python").name, *sys.argv[1:2]])


def _born(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty where there is no /proc."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def is_alive(holder: Holder) -> bool:
    """Whether the holder still runs. A process of another host counts as alive: nobody can tell."""
    if holder.host != socket.gethostname():
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not holder.born or _born(holder.pid) in ("", holder.born)


@contextmanager
def writer_lock(
    root: Path, *, wait: bool | float = False, waiting: Callable[[str], None] | None = None
) -> Iterator[Holder]:
    """Hold the lake's lock while inside; LakeBusy when another does and `wait` (seconds) is over.

    It is the kernel's lock on an open file, so it dies with its process however that dies, and
    spawned workers do not inherit it. The text in the file only names the holder. `waiting` is
    called once, with a sentence, before it waits. On a network file system the kernel asks its
    server, so writers on two hosts exclude each other where the server locks at all.
    """
    handle = _open(root / LOCK)
    try:
        _acquire(handle, root, time.monotonic() + _patience(wait), waiting)
        holder = this_process()
        _write(handle, msgspec.json.encode(holder))
        yield holder
        _write(handle, b"")
    finally:
        os.close(handle)


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


def _write(handle: int, text: bytes) -> None:
    """Replace the text, where there is room for it: without it the lock locks all the same.

    Only the name of a holder is replaced: a file with another content is not the lake's.
    """
    try:
        if os.fstat(handle).st_size and _holder_in(handle) is None:
            return
        os.ftruncate(handle, 0)
        if os.pwrite(handle, text, 0) < len(text):
            os.ftruncate(handle, 0)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise


def _patience(wait: bool | float) -> float:
    return float("inf") if wait is True else float(wait)


def _acquire(handle: int, root: Path, until: float, waiting: Callable[[str], None] | None) -> None:
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise InputError(
                    f"the file system of {root} cannot lock ({error.strerror}), so two writers "
                    "could meet there: keep the lake on one that can."
                ) from error
            raise
        sentence = f"{root} is being written by {_name_of(handle)}"
        if time.monotonic() >= until:
            raise LakeBusy(f"{sentence}: try again later, or pass --wait.")
        if not told and waiting is not None:
            waiting(f"{sentence}: waiting for it.")
            told = True
        time.sleep(0.1)


def _name_of(handle: int) -> str:
    if (holder := _holder_in(handle)) is None:
        return "another process"  # it has not written its name yet, or found no room for it
    return f"`{holder.command}` (process {holder.pid} on {holder.host}, since {holder.since})"


def _holder_in(handle: int) -> Holder | None:
    try:
        return msgspec.json.decode(os.pread(handle, 4096, 0), type=Holder)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def claim(folder: Path, holder: Holder) -> None:
    """Mark a staging folder as written for `holder`, for its workers to look at."""
    (folder / CLAIM).write_bytes(msgspec.json.encode(holder))


def require_claim(folder: Path) -> None:
    """Raise Abandoned when the run that owns this staging folder is over or its process is dead.

    Workers ask before every file: a killed parent cannot tell them, and the next run, which
    removes the folder, must not meet their writes.
    """
    try:
        holder = msgspec.json.decode((folder / CLAIM).read_bytes(), type=Holder)
    except FileNotFoundError:
        if folder.is_dir():
            return  # nobody's claim: a plain folder, as a test or a tool may use
        raise Abandoned(f"{folder} is gone: the run it belonged to is over.") from None
    except msgspec.DecodeError:
        return
    if not is_alive(holder):
        raise Abandoned(f"process {holder.pid}, for which {folder} was written, is dead.")

"""Atomic file writes: readers see the old file or the whole new one."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from schemas.errors import InputError

PARTIAL_SUFFIX = ".partial"
"""The end of the name of a file that is being written; readers of a folder ignore such files."""


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write to, which replaces `path` when the block ends without an exception.

    A partial file in the same folder is written, flushed to the disk and renamed to `path`, and the
    folder is flushed, so that a power failure leaves the old file or the new one. The parent folder
    must exist. When the block raises, the partial file is removed and `path` is unchanged.
    """
    target = Path(path)
    if not target.name:
        raise InputError(f"{target} is not the name of a file.")
    if not target.parent.is_dir():
        # The system's message would name the partial file.
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist", str(target.parent))
    suffix = f"{os.getpid()}-{secrets.token_hex(4)}{PARTIAL_SUFFIX}"
    partial = target.with_name(f".{target.name}.{suffix}")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Make renames and new names in a folder survive a power cut; Windows cannot be asked to."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Write a file so that readers see the old one or the new one, never half of it."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from schemas.errors import InputError

PARTIAL_SUFFIX = ".partial"
"""How the name of a file being written ends; a reader of the folder may leave such files alone."""


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write to; it becomes `path` when the block ends well, else nothing happens.

    Written aside in the same folder, flushed to the disk, renamed over what was there, and the
    folder flushed too, so that a power cut leaves the old file or the new one. The parent folder
    must exist. When the block raises, the file aside is removed and `path` stays as it was.
    """
    target = Path(path)
    if not target.name:
        raise InputError(f"{target} is not the name of a file.")
    if not target.parent.is_dir():
        # Else the system would name the file aside, of which nobody has heard.
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(target.parent))
    aside = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    try:
        with aside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Make renames and new names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Files opened and read by descriptor, on every system: flags for os.open, reads at a position."""

import os
from threading import Lock


def _flags(*names: str) -> int:
    """The flags of these names that the system has."""
    return sum(getattr(os, name, 0) for name in names)


READ = os.O_RDONLY | _flags("O_CLOEXEC", "O_BINARY")
"""Open a file to read its bytes."""

READ_NO_LINK = READ | _flags("O_NOFOLLOW", "O_NONBLOCK")
"""The same; OSError (ELOOP) for a link, where the system can say so, and no wait for a pipe."""

FOLDER = READ | _flags("O_DIRECTORY")
"""Open a folder to list it, or to open files in it."""

OPENS_IN_FOLDERS = os.open in os.supports_dir_fd
"""Whether files can be opened relative to a folder's descriptor; Windows has none."""

_position = Lock()


def _seek_and_read(descriptor: int, size: int, start: int) -> bytes:
    # The position belongs to the file, which several threads read.
    with _position:
        os.lseek(descriptor, start, os.SEEK_SET)
        return os.read(descriptor, size)


read_at = getattr(os, "pread", _seek_and_read)
"""Up to `size` bytes of a descriptor from position `start`; Windows has no call for it."""

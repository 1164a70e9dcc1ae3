"""Errors of the disk while a lake is written -> one sentence that says what was published."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.lake.lock import NO_ROOM
from flows.lake.publish import publishing
from flows.release.resolve import CURRENT, RELEASES
from schemas.errors import InputError

_UNPUBLISHED = "nothing was published and the current release is whole"


@contextmanager
def disk_errors_as_input_errors(root: Path) -> Iterator[None]:
    """Raise InputError for what the lake's disk refuses; errors of a source pass as they are."""
    before = _current(root)
    try:
        yield
    except OSError as error:
        path = str(error.filename or "")
        # Below a release it is damage of that release, which the command line describes.
        in_lake = path.startswith(str(root)) and not path.startswith(f"{root / RELEASES}{os.sep}")
        denied = error.errno in (errno.EACCES, errno.EPERM) and in_lake
        misplaced = error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR) and in_lake
        outcome = _outcome(root, before)
        if error.errno in NO_ROOM:
            problem, advice = "the disk is full", "make room"
        elif denied or error.errno == errno.EROFS:
            problem, advice = "it may not be written", "give the right to write there"
        elif misplaced:
            problem, advice = "there is a file in the way", "name another folder"
        elif outcome != _UNPUBLISHED:
            # From there on a run reads no source: the error is one of the lake.
            problem, advice = "the disk failed", "check the disk"
        else:
            raise
        raise InputError(
            f"the lake at {root} cannot be written: {problem} ({error.strerror or error}); "
            f"{outcome}, so {advice}."
        ) from error


def _current(root: Path) -> str | None:
    with suppress(OSError):
        return (root / CURRENT).readlink().name
    return None


def _outcome(root: Path, before: str | None) -> str:
    """Whether the release was published, by what is on the disk: the last step may fail too."""
    now = _current(root)
    if now is not None and now != before:
        return f"{now} was published before that and is the current release"
    if (begun := publishing(root)) is not None and begun != now:
        return f"{begun} is complete, but not current until the next command that writes the lake"
    return _UNPUBLISHED

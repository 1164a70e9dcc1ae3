"""Failures that are not bugs, as sentences: damaged releases, full disks, engines out of memory."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from flows.pipelines.outcome import PublicationBlocked
from flows.release import describe_damage, is_inside, last_read
from schemas.errors import EngineError, InputError

ENGINES = {"_duckdb", "duckdb", "pyarrow", "polars", "PIL"}
"""Packages whose errors are about data, space or memory."""


@contextmanager
def failures_as_input_errors() -> Iterator[None]:
    """Raise InputError with `sentence_of` the failure, for the state of a failed run.

    Wrong use, PublicationBlocked and bugs pass as they are.
    """
    try:
        yield
    # A failure of any kind may come from a damaged release, also what an engine said of it.
    except Exception as error:
        wrong_use = isinstance(error, InputError) and not isinstance(error, EngineError)
        if wrong_use or isinstance(error, PublicationBlocked):
            raise
        if sentence := sentence_of(error):
            raise InputError(sentence) from error
        raise


def sentence_of(error: Exception) -> str | None:
    """What happened and what to do, on one line; None if the failure is a bug.

    A failure of any kind may come from a damaged release, so that is checked first.
    """
    if isinstance(error, EngineError):
        return describe_damage(last_read()) or _on_one_line(error)
    if isinstance(error, InputError):
        return _on_one_line(error)
    if (
        isinstance(error, OSError)
        and error.filename
        and not is_inside(_text(error.filename), last_read())
    ):
        # A file of the user or of the source, not of the release.
        return f"{_text(error.filename)}: {error.strerror}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _on_one_line(error)
    classes = type(error).__mro__
    if {"MemoryError", "OutOfMemoryException", "ArrowMemoryError"} & {c.__name__ for c in classes}:
        return f"there is not enough memory: {_on_one_line(error)}"
    if damage := describe_damage(last_read()):
        return damage
    packages = {kind.__module__.partition(".")[0] for kind in classes}
    return _on_one_line(error) if isinstance(error, OSError) or packages & ENGINES else None


def _on_one_line(error: Exception) -> str:
    """The message without DuckDB's excerpt of the statement, which follows an empty line."""
    return " ".join(str(error).split("\n\n")[0].split()) or type(error).__name__


def _text(filename: str | bytes | int) -> str:
    return filename.decode(errors="replace") if isinstance(filename, bytes) else str(filename)

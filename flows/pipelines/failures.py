"""Failures that are not bugs, as sentences: damaged releases, full disks, engines out of memory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from flows.lake.lock import NO_ROOM
from flows.pipelines.outcome import PublicationBlocked
from flows.release import describe_damage, is_inside, last_read
from flows.warehouse import engine_message
from schemas.errors import EngineError, InputError

ENGINES = {"_duckdb", "duckdb", "pyarrow", "polars", "PIL"}
"""Packages whose errors are about data, space or memory."""


@contextmanager
def failures_as_input_errors() -> Iterator[None]:
    """Raise InputError with `sentence_of` the failure, for the state of a failed run.

    PublicationBlocked and bugs pass as they are.
    """
    try:
        yield
    except PublicationBlocked:
        raise
    # A failure of any kind may come from a damaged release, also what an engine said of it.
    except Exception as error:
        if sentence := sentence_of(error):
            raise InputError(sentence) from error
        raise


def sentence_of(error: Exception) -> str | None:
    """What happened and what to do, on one line; None if the failure is a bug.

    A failure of any kind may come from a damaged release, so that is checked first.
    """
    if isinstance(error, EngineError):
        return describe_damage(last_read()) or str(error)
    if isinstance(error, InputError):
        return str(error)
    message = engine_message(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return f"there is not enough memory: {message}"
    if isinstance(error, OSError):
        path = error.filename
        if isinstance(path, str | bytes) and not is_inside(os.fsdecode(path), last_read()):
            # A file of the user or of the source, not of the release.
            return f"{os.fsdecode(path)}: {error.strerror}"
        if error.errno in NO_ROOM:
            return message
    if damage := describe_damage(last_read()):
        return damage
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return message if isinstance(error, OSError) or packages & ENGINES else None

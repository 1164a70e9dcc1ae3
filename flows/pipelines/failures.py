"""Failures that are not bugs, as sentences: damaged releases, disks, engines that gave up."""

import errno

from flows.release import describe_damage, is_inside, last_read
from schemas.errors import EngineError, InputError

ENGINES = {"_duckdb", "duckdb", "pyarrow", "polars", "PIL"}
"""Packages whose errors are about data, space or memory."""


def sentence_of(error: Exception) -> str | None:
    """What happened and what to do, on one line; None where the failure is a bug of ours.

    A failure of any kind may come from a damaged release, so that is looked for first.
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
        # A file of the user or of the source: the release has no part in it.
        return f"{_text(error.filename)}: {error.strerror}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _on_one_line(error)
    if _lacks_memory(error):
        return f"there is not enough memory: {_on_one_line(error)}"
    if damage := describe_damage(last_read()):
        return damage
    if isinstance(error, OSError) or _raised_by(error) & ENGINES:
        return _on_one_line(error)
    return None


def _on_one_line(error: Exception) -> str:
    """The message without DuckDB's picture of the statement, which begins after an empty line."""
    return " ".join(str(error).split("\n\n")[0].split()) or type(error).__name__


def _raised_by(error: Exception) -> set[str]:
    """The packages that the classes of an error are of."""
    return {kind.__module__.partition(".")[0] for kind in type(error).__mro__}


def _lacks_memory(error: Exception) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"MemoryError", "OutOfMemoryException", "ArrowMemoryError"})


def _text(filename: str | bytes | int) -> str:
    return filename.decode(errors="replace") if isinstance(filename, bytes) else str(filename)

"""Failures that are not bugs, as sentences: damaged releases, full disks, engines out of memory."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from flows.lake import LakeBusy, LakeReleases, record_run
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


@contextmanager
def recorded_run(lake: LakeReleases) -> Iterator[None]:
    """Record in the lake how the body ended, for `wardrobe status`; its errors pass.

    A run that found another writer is not recorded: the other one is.
    """
    try:
        yield
    except LakeBusy:
        raise
    # Whatever ends a run is why it failed: also a bug, Ctrl-C, or Prefect's signal to cancel it.
    except BaseException as error:
        record_run(lake.root, _reason(error), failed=True)
        raise
    record_run(lake.root, f"current release: {lake.release().id}", failed=False)


def _reason(error: BaseException) -> str:
    if not isinstance(error, Exception):
        return "stopped"
    return (
        str(error) if isinstance(error, PublicationBlocked) else sentence_of(error) or repr(error)
    )


ENGINE_LOGGERS = ("prefect.flow_runs", "prefect.engine")
"""Where Prefect logs, with a traceback, that a flow in a process of a worker ended in a failure."""


def _should_log(record: logging.LogRecord) -> bool:
    """Whether to log a record: not a refusal, which the state of the run has as its message."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, InputError | PublicationBlocked)


def refusals_as(state: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return `state(message=sentence, data=error)` where a function refuses to go on.

    For flows: Prefect logs a traceback of what a flow raises. Bugs pass as they are.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                with failures_as_input_errors():
                    return function(*args, **kwargs)
            except (InputError, PublicationBlocked) as refusal:
                for name in ENGINE_LOGGERS:
                    logging.getLogger(name).addFilter(_should_log)
                # Prefect keeps the error until the end, and its frames would keep connections.
                refusal.__cause__ = refusal.__context__ = None
                return state(message=str(refusal), data=refusal.with_traceback(None))

        return call

    return decorate


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

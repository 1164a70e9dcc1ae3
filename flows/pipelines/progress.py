"""Progress events of a pipeline: stage, count and facts, for a bar, a log or JSON lines."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from logging import Logger, LoggerAdapter
from typing import Any, Protocol

WAITING = "waiting"
"""The event of a run that waits for another writer of the lake; its fact `why` is a sentence."""

STARTING = "start Prefect"
"""The event of a run under Prefect, until its flow begins."""


class OnProgress(Protocol):
    """Called with the stage, the number done, the total, and facts for a log line."""

    def __call__(self, what: str, done: int, of: int, **facts: object) -> None: ...


def no_progress(what: str, done: int, of: int, **facts: object) -> None:
    """Ignore the event."""


_LISTENER: ContextVar[OnProgress] = ContextVar("listener", default=no_progress)


@contextmanager
def listening(on_progress: OnProgress) -> Iterator[None]:
    """Pass the events of flows that run in this process on: a flow takes no function."""
    token = _LISTENER.set(on_progress)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def log_progress(log: "Logger | LoggerAdapter[Any]", *, each: Collection[str] = ()) -> OnProgress:
    """Log every event of the stages `each` and the end of other stages; pass all to a listener."""
    listener = _LISTENER.get()
    listener(STARTING, 1, 1)

    def on_progress(what: str, done: int, of: int, **facts: object) -> None:
        listener(what, done, of, **facts)
        if what == WAITING:
            log.warning("%s", facts["why"])
        elif what in each or done == of:
            log.info("%s: %s of %s %s", what, f"{done:,}", f"{of:,}", facts or "")

    return on_progress


def report_waiting(on_progress: OnProgress) -> Callable[[str], None]:
    """The function that a lake calls with a sentence, once, when it waits for another writer."""
    return lambda sentence: on_progress(WAITING, 0, 1, why=sentence)

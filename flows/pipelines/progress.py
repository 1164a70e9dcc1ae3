"""Progress events of a pipeline: stage, count and facts, for a bar, a log or JSON lines."""

import sys
from collections.abc import Callable, Collection
from logging import Logger, LoggerAdapter
from typing import Any, Protocol

WAITING = "waiting"
"""The event of a run that waits for another writer of the lake; its fact `why` is a sentence."""


class OnProgress(Protocol):
    """Called with the stage, the number done, the total, and facts for a log line."""

    def __call__(self, what: str, done: int, of: int, **facts: object) -> None: ...


def no_progress(what: str, done: int, of: int, **facts: object) -> None:
    """Ignore the event."""


def print_waiting(facts: dict[str, object]) -> None:
    """Print why a run waits, on stderr: it would look as if it hangs."""
    print(f"wardrobe: {facts['why']}", file=sys.stderr, flush=True)


def log_progress(log: "Logger | LoggerAdapter[Any]", *, each: Collection[str] = ()) -> OnProgress:
    """Log every event of the stages `each` and the end of other stages; print why a run waits."""

    def on_progress(what: str, done: int, of: int, **facts: object) -> None:
        if what == WAITING:
            log.warning("%s", facts["why"])
            print_waiting(facts)  # at a terminal, Prefect shows no log
        elif what in each or done == of:
            log.info("%s: %s of %s %s", what, f"{done:,}", f"{of:,}", facts or "")

    return on_progress


def report_waiting(on_progress: OnProgress) -> Callable[[str], None]:
    """The function that a lake calls with a sentence, once, when it waits for another writer."""
    return lambda sentence: on_progress(WAITING, 0, 1, why=sentence)

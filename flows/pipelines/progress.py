"""How a pipeline says what it does, without knowing who listens."""

import sys
from collections.abc import Callable, Collection
from logging import Logger, LoggerAdapter
from typing import Any, Protocol

WAITING = "waiting"
"""The event that says another writer holds the lake; its fact `why` is a sentence."""


class OnProgress(Protocol):
    """Called with what is going on, how much is done, of how much, and facts worth a log line."""

    def __call__(self, what: str, done: int, of: int, **facts: object) -> None: ...


def no_progress(what: str, done: int, of: int, **facts: object) -> None:
    """Says nothing."""


def log_progress(log: "Logger | LoggerAdapter[Any]", *, each: Collection[str] = ()) -> OnProgress:
    """Says to a log what was finished, every step of `each`, and whom a run waits for.

    The last goes to stderr too: who runs a flow at a terminal sees no log, and would think that
    it hangs.
    """

    def on_progress(what: str, done: int, of: int, **facts: object) -> None:
        if what == WAITING:
            log.warning("%s", facts["why"])
            print(f"wardrobe: {facts['why']}", file=sys.stderr, flush=True)
        elif what in each or done == of:
            log.info("%s: %s of %s %s", what, f"{done:,}", f"{of:,}", facts or "")

    return on_progress


def waiting(on_progress: OnProgress) -> Callable[[str], None]:
    """What a lake calls when it waits for another writer: the event WAITING, told once."""
    return lambda sentence: on_progress(WAITING, 0, 1, why=sentence)

"""How a pipeline says what it does, without knowing who listens."""

from collections.abc import Callable
from typing import Protocol

WAITING = "waiting"
"""The event that says another writer holds the lake; its fact `why` is a sentence."""


class Tell(Protocol):
    """Called with what is going on, how much is done, of how much, and facts worth a log line."""

    def __call__(self, what: str, done: int, of: int, **facts: object) -> None: ...


def silent(what: str, done: int, of: int, **facts: object) -> None:
    """Says nothing."""


def waiting(tell: Tell) -> Callable[[str], None]:
    """What a lake calls when it waits for another writer: the event WAITING, told once."""
    return lambda sentence: tell(WAITING, 0, 1, why=sentence)

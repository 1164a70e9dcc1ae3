"""How a pipeline says what it does, without knowing who listens."""

from typing import Protocol


class Tell(Protocol):
    """Called with what is going on, how much is done, of how much, and facts worth a log line."""

    def __call__(self, what: str, done: int, of: int, **facts: object) -> None: ...


def silent(what: str, done: int, of: int, **facts: object) -> None:
    """Says nothing."""

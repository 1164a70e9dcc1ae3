"""SIGTERM as an exception, so that whatever runs cleans up as it does after Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(KeyboardInterrupt):
    """The process got SIGTERM: a shell, which goes on after Ctrl-C, ends too."""


@contextmanager
def sigterm_as_interrupt() -> Iterator[list[int]]:
    """Raise Terminated on SIGTERM, so that a run removes what it has not published.

    The list contains the signal from then on.
    """
    received: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would disturb the cleaning
        received.append(number)
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may set handlers
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)

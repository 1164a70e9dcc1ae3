"""Progress of a command on stderr: bars on a terminal, or JSON lines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flows.cli.json_log import is_json_log, print_event
from flows.cli.terminal import raw_stream
from flows.pipelines.progress import WAITING, OnProgress


def _print_json_line(what: str, done: int, of: int, **facts: object) -> None:
    print_event(what, done=done, of=of, **facts)


def _print_waiting(facts: dict[str, object]) -> None:
    """Print why a run waits: it would look as if it hangs."""
    print(f"wardrobe: {facts['why']}", file=sys.stderr, flush=True)


def _print_waiting_only(what: str, done: int, of: int, **facts: object) -> None:
    if what == WAITING:
        _print_waiting(facts)


@contextmanager
def progress() -> Iterator[OnProgress]:
    """JSON lines, or on a terminal a bar per stage with rate and time left; else why it waits."""
    if is_json_log() or not sys.stderr.isatty():
        yield _print_json_line if is_json_log() else _print_waiting_only
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        # A step may take many seconds without an event: these two move by themselves.
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=raw_stream(sys.stderr)),
        transient=True,
    ) as bars:
        tasks: dict[str, Any] = {}

        def on_progress(what: str, done: int, of: int, **facts: object) -> None:
            if what == WAITING:
                _print_waiting(facts)
                return
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of, rate="")
            speed = bars.tasks[tasks[what]].finished_speed or bars.tasks[tasks[what]].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bars.update(tasks[what], completed=done, total=of, rate=rate)

        yield on_progress

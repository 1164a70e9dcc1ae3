"""What a long command says while it works: bars for people, JSON lines for machines, on stderr."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flows.cli.terminal import raw_stream
from flows.pipelines.progress import WAITING, OnProgress, no_progress


def _json_line(what: str, done: int, of: int, **facts: object) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = {"time": now, "event": what, "done": done, "of": of, **facts}
    print(json.dumps(event, default=str), file=sys.stderr, flush=True)


@contextmanager
def progress_reporter(*, as_json: bool = False) -> Iterator[OnProgress]:
    """JSON lines when asked for, else bars on a terminal; that it waits is said in any case."""
    if as_json:
        yield _json_line
        return
    with progress() as on_progress:
        yield _print_when_waiting(on_progress)


def _print_when_waiting(on_progress: OnProgress) -> OnProgress:
    def tell_or_say(what: str, done: int, of: int, **facts: object) -> None:
        if what == WAITING:
            print(f"wardrobe: {facts['why']}", file=sys.stderr, flush=True)
        else:
            on_progress(what, done, of, **facts)

    return tell_or_say


@contextmanager
def progress() -> Iterator[OnProgress]:
    """A bar per stage with rate and time left, on stderr and only on a terminal."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(file=raw_stream(sys.stderr)),
        transient=True,
    ) as bars:
        tasks: dict[str, Any] = {}

        def on_progress(what: str, done: int, of: int, **facts: object) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of, rate="")
            speed = bars.tasks[tasks[what]].finished_speed or bars.tasks[tasks[what]].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bars.update(tasks[what], completed=done, total=of, rate=rate)

        yield on_progress

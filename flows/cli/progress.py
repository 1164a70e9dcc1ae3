"""Progress of a command on stderr: bars on a terminal, or JSON lines."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flows.cli.terminal import raw_stream
from flows.pipelines.progress import WAITING, OnProgress, print_waiting


def _print_json_line(what: str, done: int, of: int, **facts: object) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = {"time": now, "event": what, "done": done, "of": of, **facts}
    print(json.dumps(event, default=str), file=sys.stderr, flush=True)


def _print_waiting_only(what: str, done: int, of: int, **facts: object) -> None:
    if what == WAITING:
        print_waiting(facts)


@contextmanager
def progress(*, as_json: bool = False) -> Iterator[OnProgress]:
    """JSON lines, or on a terminal a bar per stage with rate and time left; else why it waits."""
    if as_json or not sys.stderr.isatty():
        yield _print_json_line if as_json else _print_waiting_only
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
            if what == WAITING:
                print_waiting(facts)
                return
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of, rate="")
            speed = bars.tasks[tasks[what]].finished_speed or bars.tasks[tasks[what]].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bars.update(tasks[what], completed=done, total=of, rate=rate)

        yield on_progress

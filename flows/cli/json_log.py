"""The log of a run as JSON lines on stderr: an event for each step, then one with the outcome."""

import json
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

FINISHED = "finished"
"""The last event of a run. Its `outcome` is published, unchanged, scored, blocked, failed or
stopped."""

_ENABLED: ContextVar[bool] = ContextVar("json_log", default=False)


def set_log_format(form: str) -> str:
    """Write the log of this process as JSON lines from now on, or as text; the same word."""
    _ENABLED.set(form == "json")
    return form


def is_json_log() -> bool:
    """Whether the log is JSON lines, so that nothing else may go to stderr."""
    return _ENABLED.get()


def print_event(event: str, **facts: object) -> None:
    """Print an event with its time (UTC) on one line."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": now, "event": event, **facts}, default=str)
    print(line, file=sys.stderr, flush=True)

"""The last runs that wrote a lake: how they ended, in `succeeded.json` and `failed.json`.

In: the end of a run. Out: the last success and the last failure, for monitoring. A release records
neither: a run that finds nothing new publishes none, and a failed run must not.
"""

from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from flows.lake.lock import command_name
from flows.lake.ownership import FAILED, SUCCEEDED, is_lake
from flows.release.manifest import JSON_ERRORS
from flows.release.resolve import read_plain_file
from flows.storage.place import Place, write_whole
from schemas.errors import InputError


class RunEnd(msgspec.Struct, frozen=True):
    """When a run ended, what it was (name and verb), and its result or why it failed."""

    time: datetime
    command: str
    result: str


def record_run(root: Place, result: str, *, failed: bool) -> None:
    """Record the end of a run, now. Does nothing without a lake or when the disk is full."""
    with suppress(InputError, OSError):
        if is_lake(root):
            end = RunEnd(datetime.now(UTC), command_name(), result)
            write_whole(root / (FAILED if failed else SUCCEEDED), msgspec.json.encode(end))


def last_success(root: Place) -> RunEnd | None:
    """The last run that published or found nothing new; None before the first one."""
    return _read(root / SUCCEEDED)


def last_failure(root: Place) -> RunEnd | None:
    """The last run that published nothing because it could not; None before the first one."""
    return _read(root / FAILED)


def _read(path: Place) -> RunEnd | None:
    """None also for a file that is damaged: the next run writes it again."""
    try:
        return msgspec.json.decode(read_plain_file(path), type=RunEnd)
    except (OSError, *JSON_ERRORS):
        return None

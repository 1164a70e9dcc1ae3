"""State of a lake for monitoring: the current release, its verdicts, the ends of the last runs."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import humanize

from flows.lake import RunEnd, last_failure, last_success, open_lake
from flows.pipelines.releases import verdict_counts
from flows.pipelines.tables import table_rows
from flows.release import require_files
from flows.storage.place import Place
from schemas import TABLES
from schemas.errors import InputError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Status:
    """The current release, the ends of the last runs, and who writes the lake now.

    `release` is as from `release_facts`; `success` and `failure` are times (UTC). `problems` has a
    sentence for each reason to act.
    """

    release: dict[str, Any]
    success: datetime
    failure: RunEnd | None
    writer: str | None
    problems: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """The state as values of JSON."""
        return {
            **self.release,
            "last_success": _time(self.success),
            "last_failure": _time(self.failure.time) if self.failure else None,
            "failure": self.failure.result if self.failure else None,
            "writer": self.writer,
            "problems": self.problems,
        }

    def as_texts(self) -> dict[str, str]:
        """The state as a text for each name."""
        verdicts = ", ".join(f"{count} {name}" for name, count in self.release["verdicts"].items())
        findings = ", ".join(self.release["findings"])
        failure = self.failure
        return {
            "release": self.release["release"],
            "published": self.release["published"],
            "last success": _age(self.success),
            "last failure": f"{_age(failure.time)}: {failure.result}" if failure else "none",
            "writing now": self.writer or "nobody",
            "rows": ", ".join(f"{name} {rows:,}" for name, rows in self.release["rows"].items()),
            "checks": f"{verdicts} ({findings})" if findings else verdicts,
            "problems": "; ".join(self.problems) or "none",
        }


def lake_status(root: Place, max_age: timedelta | None = None) -> Status:
    """The state of a lake now. Raises InputError for a lake without a current release.

    Problems: no run succeeded within `max_age`; a check of the current release found an error; a
    file of it is missing or has another size; the last run failed or was killed. A run that finds
    nothing new is successful too.
    """
    lake = open_lake(root)
    release = lake.release()
    facts, success = release_facts(root, release.id), release.manifest.created
    if last := last_success(lake.root):
        success = max(success, last.time)
    failure, writer = last_failure(lake.root), lake.writer()
    problems = []
    if max_age is not None and datetime.now(UTC) - success > max_age:
        problems.append(f"no run succeeded since {_time(success)}")
    if errors := facts["verdicts"]["error"]:
        problems.append(f"checks of the release with errors: {errors}; see `wardrobe check`")
    try:
        require_files(release, release.manifest.files)
    except InputError as error:
        problems.append(str(error).rstrip("."))
    if failure and failure.time > success:
        problems.append(f"the last run failed: {failure.result}")
    if writer and writer.was_killed:
        problems.append(f"a run was killed: {writer}")
        writer = None
    return Status(facts, success, failure, str(writer) if writer else None, tuple(problems))


def release_facts(lake: Place, release: str | None = None) -> dict[str, Any]:
    """Id, time, rows by table and checks by verdict of a release; `findings` names the failed."""
    opened = open_lake(lake).release(release)
    manifest = opened.manifest
    rows = table_rows(manifest).to_pylist()
    return {
        "release": opened.id,
        "published": _time(manifest.created),
        "rows": {row["table"]: row["rows"] for row in rows if row["table"] in TABLES},
        "verdicts": verdict_counts(manifest),
        "findings": {check["check"]: check["rows"] for check in manifest.checks if check["rows"]},
    }


def parse_age(text: str) -> timedelta:
    """A duration as people write it: 90m, 26h, 2d. Raises InputError."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text, re.ASCII)
    if match is None:
        raise InputError(f"{text!r} is not an age: give a number and a unit, as 90m, 26h or 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _age(time: datetime) -> str:
    return f"{_time(time)} ({humanize.naturaltime(datetime.now(UTC) - time)})"

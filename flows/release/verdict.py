"""The result of a check, as commands print it and manifests record it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOT_CHECKABLE = "not checkable"
"""The outcome of a check that could examine no row: it found nothing, and says nothing."""


@dataclass(frozen=True)
class Verdict:
    """The result of a check: how many rows it examined, how many offend, and the first of these.

    `severity` is `error` (blocks publishing) or `warn`. `failure` is the message of a check that
    could not run; `rows` is then 0 and the severity `error`, because nothing was checked.
    `not_examined` rows are subject to the rule, but lack what the check needs: `lacks`.
    """

    name: str
    severity: str
    title: str
    rows: int
    examples: tuple[dict[str, Any], ...]
    seconds: float
    examined: int = 0
    not_examined: int = 0
    lacks: str = ""
    failure: str | None = None

    @property
    def outcome(self) -> str:
        """`ok`, `warn`, `error` or `not checkable`."""
        if self.rows or self.failure:
            return self.severity
        return "ok" if self.examined else NOT_CHECKABLE

    @property
    def blocks(self) -> bool:
        """Whether a release with this verdict must not be published."""
        return self.outcome == "error"

    @property
    def gap(self) -> str:
        """Why rows were not examined, or empty: `31,628 of 31,631 rows lack ...`."""
        if not self.not_examined:
            return ""
        total = self.examined + self.not_examined
        return f"{self.not_examined:,} of {total:,} rows lack {self.lacks}"

    @property
    def example(self) -> str:
        """The first offending row as `name=value; ...`, and why rows could not be examined."""
        if self.failure:
            return f"could not run: {self.failure}"
        if not self.rows:
            return self.gap or ("" if self.examined else "no rows to examine")
        first = self.examples[0] if self.examples else {}
        row = "; ".join(f"{name}={value}" for name, value in first.items())
        return f"{row} ({self.gap})" if self.gap else row


def recorded_verdict(record: Mapping[str, Any]) -> Verdict:
    """The verdict that a manifest records, without what the check declares: title and `lacks`."""
    return Verdict(
        name=record["check"],
        severity=record["severity"],
        title="",
        rows=record["rows"],
        examples=tuple(record["examples"]),
        seconds=0.0,
        examined=record.get("examined", 1),  # earlier versions did not count the examined rows
        not_examined=record.get("not_examined", 0),
        failure=record.get("failure"),
    )

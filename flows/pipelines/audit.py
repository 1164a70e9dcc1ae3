"""The verdicts of the checks on a release that is being made, and their records in manifests."""

from dataclasses import dataclass
from typing import Any

from flows.release.verdict import Verdict


@dataclass(frozen=True)
class Audit:
    """The verdicts of the checks on a staged release."""

    verdicts: list[Verdict]

    @property
    def errors(self) -> list[str]:
        """A sentence for each check that forbids publishing: it found rows or could not run."""
        return [
            f"{verdict.name} {verdict.example}"
            if verdict.failure
            else f"{verdict.name} found {_rows(verdict)} such as {verdict.example}"
            for verdict in self.verdicts
            if verdict.blocks
        ]

    @property
    def warnings(self) -> list[str]:
        """A sentence for each check that found something odd in a source."""
        return [
            f"{verdict.name}: {_rows(verdict)}"
            for verdict in self.verdicts
            if verdict.outcome == "warn"
        ]

    @property
    def gaps(self) -> list[str]:
        """A sentence for each check that could not examine all rows of its rule."""
        return [
            f"{verdict.name}, {verdict.outcome}: {verdict.gap}"
            for verdict in self.verdicts
            if verdict.gap
        ]

    def as_records(self) -> list[dict[str, Any]]:
        """The verdicts as the manifest records them: without seconds, which differ by run."""
        return [
            {
                "check": verdict.name,
                "severity": verdict.severity,
                "rows": verdict.rows,
                "examined": verdict.examined,
                "not_examined": verdict.not_examined,
                "examples": [{k: _plain(v) for k, v in row.items()} for row in verdict.examples],
                **({"failure": verdict.failure} if verdict.failure else {}),
            }
            for verdict in self.verdicts
        ]


def _rows(verdict: Verdict) -> str:
    count = "1 row" if verdict.rows == 1 else f"{verdict.rows:,} rows"
    return f"{count} ({verdict.title})"


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)

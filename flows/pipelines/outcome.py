"""The outcome of an ingest: a summary with totals and notes, or the reasons against a release."""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.pipelines.query import verdict_rows
from flows.release import Receipt, Release, arrow_input
from flows.warehouse import Files, open_warehouse, run_query

if TYPE_CHECKING:
    from flows.pipelines.audit import Audit
    from flows.pipelines.source import Source


@dataclass(frozen=True)
class Summary:
    """The release of an ingest or a derivation, and what a reader should know about it.

    `totals` is the statistic split_totals of the release; `verdicts` and `run` are empty when
    nothing changed.
    """

    sentence: str
    release: str
    totals: pa.Table
    verdicts: pa.Table | None = None
    warnings: tuple[str, ...] = ()
    run: dict[str, Any] = field(default_factory=dict)

    def as_markdown(self) -> str:
        """The sentence, the warnings and the record of the run, as a page."""
        lines = [f"**{self.sentence}**", "", *(f"- {warning}" for warning in self.warnings)]
        if self.run:
            lines += ["", "| | |", "|---|---|"]
            lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in self.run.items()]
        return "\n".join(lines)


class PublicationBlocked(Exception):
    """Losses, rejections or failed checks forbid a release; `str` names all reasons.

    `rejections` counts what was refused by split and rule, because no release can be queried.
    """

    def __init__(self, reasons: Sequence[str], rejections: pa.Table | None = None) -> None:
        super().__init__("nothing was published: " + "; ".join(reasons))
        self.reasons = tuple(reasons)
        self.rejections = rejections

    def as_markdown(self) -> str:
        """The reasons, and a line for each rule with an example, as a page."""
        lines = [f"**{self}**", "", *(f"- {reason}" for reason in self.reasons)]
        for row in self.rejections.to_pylist() if self.rejections else ():
            count = row["documents"] + row["items"]
            example = f"{row['example_file']}: {row['example_message']}"
            lines.append(f"- {row['split']}: {count:,} refused for {row['rule']}, as {example}")
        return "\n".join(lines)


def unchanged(release: Release, source: "Source | None" = None) -> Summary:
    """The summary of a run that had nothing to do: notes on the splits that it keeps."""
    return Summary(
        sentence=f"nothing changed: release {release.id} holds all of it",
        release=release.id,
        totals=split_totals(release),
        warnings=kept_split_notes(source) if source else (),
    )


def published(
    release: Release,
    audit: "Audit",
    run: Mapping[str, Any] | None = None,
    source: "Source | None" = None,
) -> Summary:
    """The summary of a new release: notes on the source, findings of checks."""
    run = dict(run or {})
    warnings = [*source_notes(source), *kept_split_notes(source)] if source else []
    if refused := run.get("documents_refused", 0) + run.get("items_refused", 0):
        warnings.append(f"{refused:,} refused: see `wardrobe rejections`")
    return Summary(
        sentence=f"published {release.id} ({release.manifest.changes.sentence})",
        release=release.id,
        totals=split_totals(release),
        verdicts=verdict_rows(audit.verdicts),
        warnings=(*warnings, *audit.warnings, *audit.gaps),
        run=run,
    )


def refused_rows(tables: Files, dataset: str, splits: Collection[str]) -> pa.Table:
    """The rejections of these splits of a data set by split and rule, with an example each."""
    with open_warehouse({"rejections": tables.get("rejections", ())}) as warehouse:
        rows = run_query(warehouse, "rejections_by_rule")
    return rows.filter((pc.field("dataset") == dataset) & pc.field("split").isin(sorted(splits)))


def split_totals(release: Release) -> pa.Table:
    """The statistic split_totals of a release."""
    (path,) = release.files("statistics/split_totals")
    return pq.read_table(arrow_input(path))


class Stopwatch:
    """Seconds of each stage, for the record of the run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Record the time since the last lap as the time of a stage."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now


def run_record(source: "Source", receipts: Sequence[Receipt], clock: Stopwatch) -> dict[str, Any]:
    """What a run read, refused and linked, the seconds of its stages, and its peak memory."""
    words = ("documents_read", "documents_refused", "items_read", "items_refused")
    return {
        "dataset": source.plan.dataset,
        "parts_built": len(receipts),
        "parts_reused": len(source.plan.unchanged),
        "reasons": dict(Counter(source.plan.reasons.values())),
        "members_ignored": source.plan.ignored,
        **{word: sum(receipt.counts.get(word, 0) for receipt in receipts) for word in words},
        "seconds": clock.seconds,
        "peak_rss": max((receipt.peak_rss for receipt in receipts), default=0),
    }


def kept_split_notes(source: "Source") -> tuple[str, ...]:
    """A note for each split that the lake keeps though the source no longer has it."""
    return tuple(
        f"{source.request.dataset} {split} is not in the source any more and is kept as it was: "
        "--prune removes it"
        for split in source.kept_splits
    )


def source_notes(source: "Source") -> tuple[str, ...]:
    """The decoder's notes on a source, and the files that are ignored."""
    notes, plan = source.arrangement.notes, source.plan
    if not plan.ignored:
        return notes
    others = plan.ignored - len(plan.ignored_names)
    names = ", ".join(plan.ignored_names) + (f" and {others:,} more" if others else "")
    return (*notes, f"ignored, not part of this data set: {names}")

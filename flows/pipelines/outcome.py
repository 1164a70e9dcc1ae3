"""How an ingest ended, in words, totals and the record of the run."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.decode import Arrangement
from flows.lake import Plan, Receipt, Release
from flows.pipelines.derive import Audit
from flows.pipelines.failures import sentence_of
from flows.pipelines.query import verdict_rows
from flows.warehouse import open_warehouse, run_query
from schemas.errors import InputError

MOST_NAMED = 3
"""Files that a note names; it counts the others."""


@dataclass(frozen=True)
class Summary:
    """How an ingest ended: which release, what was read and refused, what a reader should know.

    `blocked` says why nothing was published though there was something to; `totals` is the
    statistic split_totals of the release. `refusals` says by rule what was refused when nothing
    was published, since no release can be asked for it.
    """

    sentence: str
    release: str | None = None
    totals: pa.Table | None = None
    verdicts: pa.Table | None = None
    warnings: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    refusals: pa.Table | None = None
    run: dict[str, Any] = field(default_factory=dict)

    def as_markdown(self) -> str:
        """The outcome for a page: the sentence, what to know, what the run did."""
        lines = [f"**{self.sentence}**", ""]
        lines += [f"- {warning}" for warning in (*self.blocked, *self.warnings)]
        for row in self.refusals.to_pylist() if self.refusals else ():
            count = row["documents"] + row["items"]
            example = f"{row['example_file']}: {row['example_message']}"
            lines.append(f"- {row['split']}: {count:,} refused for {row['rule']}, as {example}")
        if self.run:
            lines += ["", "| | |", "|---|---|"]
            lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in self.run.items()]
        return "\n".join(lines)


class NothingPublished(RuntimeError):
    """A run ended without a release though there was something to publish; says why."""

    def __init__(self, summary: Summary) -> None:
        super().__init__(summary.sentence)
        self.summary = summary


@contextmanager
def failures_in_words() -> Iterator[None]:
    """What a disk, a network or a damaged release refuses, as a sentence for a failed run's state.

    A bug passes as it is.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if sentence := sentence_of(error):
            raise InputError(sentence) from error
        raise


def unchanged(parent: Release) -> Summary:
    """Nothing was to do: the release is the one before."""
    return Summary(
        sentence=f"nothing changed: release {parent.id} holds all of it",
        release=parent.id,
        totals=split_totals(parent),
    )


def blocked(why: Sequence[str], refusals: pa.Table | None = None) -> Summary:
    """Nothing is published, and these are the reasons."""
    sentence = "nothing was published: " + "; ".join(why)
    return Summary(sentence=sentence, blocked=tuple(why), refusals=refusals)


def refusals_in(
    tables: Mapping[str, Sequence[Path]], dataset: str, splits: Collection[str] | None = None
) -> pa.Table:
    """The rejections of a data set by split and rule, each with an example."""
    with open_warehouse({"rejections": tables.get("rejections", ())}) as warehouse:
        rows = run_query(warehouse, "rejections_by_rule")
    wanted = pc.equal(rows["dataset"], dataset)
    if splits is not None:
        wanted = pc.and_(wanted, pc.is_in(rows["split"], pa.array(sorted(splits), pa.string())))
    return rows.filter(wanted)


def published(
    release: Release, audit: Audit, run: dict[str, Any], notes: Sequence[str] = ()
) -> Summary:
    """A new release, with what a reader of it should know; `notes` are about the source."""
    warnings = [*notes]
    refused = run.get("documents_refused", 0) + run.get("items_refused", 0)
    if refused:
        warnings.append(f"{refused:,} refused: see `wardrobe rejections`")
    warnings += [f"{one.name}: {_rows(one.rows)} ({one.title})" for one in audit.warnings]
    return Summary(
        sentence=f"published {release.id} ({release.manifest.changes.sentence})",
        release=release.id,
        totals=split_totals(release),
        verdicts=verdict_rows(audit.verdicts),
        warnings=tuple(warnings),
        run=run,
    )


def derived(release: Release, audit: Audit, is_new: bool) -> Summary:
    """How a derivation by itself ended."""
    if audit.blocking:
        return blocked(error_reasons(audit))
    return published(release, audit, {}) if is_new else unchanged(release)


def error_reasons(audit: Audit) -> list[str]:
    """The errors among the verdicts, a sentence each."""
    return [
        f"{one.name} {one.example}"
        if one.failure
        else f"{one.name} found {_rows(one.rows)} ({one.title}) such as {one.example}"
        for one in audit.blocking
    ]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def split_totals(release: Release) -> pa.Table:
    """The statistic split_totals of a release."""
    (path,) = release.files("statistics/split_totals")
    return pq.read_table(path)


class Stopwatch:
    """Seconds of each stage, for the record of the run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on a stage."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now


def counted(receipts: Sequence[Receipt], word: str) -> int:
    """A count summed over receipts."""
    return sum(receipt.counts.get(word, 0) for receipt in receipts)


def run_record(
    plan: Plan, arrangement: Arrangement, built: Sequence[Receipt], clock: Stopwatch
) -> dict[str, Any]:
    """What this run read, refused and reused, how long its stages took, and its peak memory."""
    return {
        "dataset": plan.dataset,
        "parts_built": len(built),
        "parts_reused": len(plan.unchanged),
        "reasons": _grouped(plan.reasons),
        "members_ignored": len(arrangement.ignored),
        **{
            word: counted(built, word)
            for word in ("documents_read", "documents_refused", "items_read", "items_refused")
        },
        "seconds": clock.seconds,
        "peak_rss": max((receipt.peak_rss for receipt in built), default=0),
    }


def source_notes(arrangement: Arrangement) -> tuple[str, ...]:
    """What there is to say of a source: what was recognised, and which files were left alone."""
    ignored = arrangement.ignored
    if not ignored:
        return arrangement.notes
    more = f" and {len(ignored) - MOST_NAMED:,} more" if len(ignored) > MOST_NAMED else ""
    named = ", ".join(sorted(ignored)[:MOST_NAMED]) + more
    return (*arrangement.notes, f"left alone, being no files of this data set: {named}")


def _grouped(reasons: dict[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in reasons.values():
        counts[reason] = counts.get(reason, 0) + 1
    return counts

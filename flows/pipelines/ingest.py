"""The ingest of a source, in order: list, arrange, plan, build, derive, check, publish."""

from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from flows.lake import LakeReleases, Staging, open_lake, refused_splits, shrunk_splits
from flows.pipelines.derive import derive_into, parameters_of
from flows.pipelines.failures import recorded_run
from flows.pipelines.outcome import (
    PublicationBlocked,
    Stopwatch,
    Summary,
    published,
    refused_rows,
    run_record,
    unchanged,
)
from flows.pipelines.parts import PartJob, RunParts, build_part
from flows.pipelines.progress import OnProgress, no_progress, report_waiting
from flows.pipelines.request import IngestRequest
from flows.pipelines.source import Source
from flows.release import Receipt, Release

GUARDED_COUNTS = ("images", "items", "pictures")
"""A split may lose 5 % of each without --allow-shrink. Annotations and pictures are in different
folders: one that is not mounted leaves the number of images as it was."""


def ingest(
    request: IngestRequest, run_parts: RunParts, on_progress: OnProgress = no_progress
) -> Summary:
    """Link the unchanged parts, build the changed ones, derive, check, publish.

    Raises InputError when the source cannot be read, LakeBusy when another writer holds the lake
    and PublicationBlocked, with all reasons, when losses, rejections or checks forbid a release.
    """
    lake = open_lake(request.lake)
    with recorded_run(lake):
        _ = request.location  # raised here, before the lake is made
        return _ingest(lake, request, run_parts, on_progress)


def _ingest(
    lake: LakeReleases, request: IngestRequest, run_parts: RunParts, on_progress: OnProgress
) -> Summary:
    clock, waiting = Stopwatch(), report_waiting(on_progress)
    with lake.writing(wait=request.wait, waiting=waiting, resume=request.resume) as staging:
        source = Source.read(request, staging.parent, staging.folder)
        clock.lap("list")
        if release := source.unchanged_since:
            require_no_rejection(source, release, source.splits_of_parent())
            return unchanged(release, source)
        plan = source.plan
        clock.lap("plan")
        require_no_large_loss(source, {"images": plan.images})
        staging.link_others(plan.dataset)
        staging.link(plan.unchanged)
        receipts = build_parts(source, staging, run_parts, on_progress)
        clock.lap("build")
        require_no_rejection(source, staging, plan.images)
        require_complete_splits(source, staging)
        checks = derive_into(staging, source.pair_settings, on_progress)
        clock.lap("derive")
        run = run_record(source, receipts, clock)
        release = staging.publish(
            inputs={plan.dataset: source.as_inputs(staging)},
            parameters=parameters_of(source.pair_settings),
            checks=checks.as_records(),
            runs=run,
        )
    if staging.parent is not None and release.id == staging.parent.id:
        return unchanged(release, source)
    return published(release, checks, run, source)


def build_parts(
    source: Source, staging: Staging, run_parts: RunParts, on_progress: OnProgress
) -> list[Receipt]:
    """Build the changed parts wherever `run_parts` runs them, and record each receipt."""
    request = source.request
    jobs = [
        PartJob(
            part,
            request.location,
            staging.folder,
            verify_images=bool(request.verify_images),
            embed_images=bool(request.embed_images),
        )
        for part in source.plan.changed
    ]
    sizes = {job.part.name: job.part.rows for job in jobs}
    done, receipts = 0, []
    for receipt in run_parts(build_part, jobs):
        staging.record([receipt])
        receipts.append(receipt)
        done += sizes[receipt.part]
        on_progress("files", done, sum(sizes.values()), part=receipt.part, **receipt.counts)
    return receipts


def require_no_rejection(
    source: Source, tables: Staging | Release, splits: Collection[str]
) -> None:
    """Raise PublicationBlocked if the request is strict and these splits have rejections."""
    request = source.request
    parts = tables.parts if isinstance(tables, Staging) else tables.manifest.parts
    refused = sum(
        part.counts.get(word, 0)
        for part in parts.values()
        if part.dataset == request.dataset and part.split in splits
        for word in ("documents_refused", "items_refused")
    )
    if request.strict and refused:
        raise PublicationBlocked(
            [f"{refused:,} documents or items were refused, and --strict allows none"],
            refused_rows(tables.tables(), request.dataset, splits),
        )


def require_no_large_loss(source: Source, counts: Mapping[str, Mapping[str, int | None]]) -> None:
    """Raise PublicationBlocked when a split loses over 5 %; `counts` is by count name and split."""
    if losses := large_losses(source, counts):
        raise PublicationBlocked(losses)


def large_losses(source: Source, counts: Mapping[str, Mapping[str, int | None]]) -> list[str]:
    """A sentence for each split that loses too much of a count and is not allowed to."""
    losses: dict[str, str] = {}
    for name, by_split in counts.items():
        allowed = source.request.allow_shrink
        for split, loss in shrunk_splits(
            source.split_counts, by_split, what=name, allow=allowed
        ).items():
            losses.setdefault(split, f"{loss}: allow it with --allow-shrink {split}")
    return list(losses.values())


def require_complete_splits(source: Source, staging: Staging) -> None:
    """Raise PublicationBlocked when a split lost too much or too much of it was refused."""
    request = source.request
    after = staging.split_counts(request.dataset)
    by_count = {
        name: {split: counts.get(name) for split, counts in after.items()}
        for name in GUARDED_COUNTS
    }
    refused = refused_splits(after, before=source.split_counts, allow=request.allow_refused)
    reasons = large_losses(source, by_count)
    reasons += [f"{why}: allow it with --allow-refused {split}" for split, why in refused.items()]
    if reasons:
        raise PublicationBlocked(reasons, refused_rows(staging.tables(), request.dataset, after))


PREVIEW = pa.schema(
    [("part", pa.string()), ("what", pa.string()), ("members", pa.int64()), ("why", pa.string())]
)


def preview(request: IngestRequest) -> pa.Table:
    """Dry run: one row per part that an ingest would build or remove, as PREVIEW.

    Takes no lock and writes nothing into the lake. Unchanged parts are one row with their number.
    """
    lake = open_lake(request.lake)
    lake.require_place()
    with TemporaryDirectory() as folder:
        rows = _preview_rows(Source.read(request, lake.parent(), Path(folder)))
    return pa.Table.from_pylist(
        [dict(zip(PREVIEW.names, row, strict=True)) for row in rows], PREVIEW
    )


def _preview_rows(source: Source) -> list[tuple[str, str, int | None, str]]:
    rows: list[tuple[str, str, int | None, str]] = []
    if release := source.unchanged_since:
        dataset = source.request.dataset
        count = sum(part.dataset == dataset for part in release.manifest.parts.values())
        return [(f"{count} parts", "nothing to do", source.members.num_rows, "nothing changed")]
    plan = source.plan
    rows += ((part.name, "build", part.rows, plan.reasons[part.name]) for part in plan.changed)
    rows += ((name, "drop", 0, plan.reasons[name]) for name in plan.removed_parts)
    if plan.unchanged:
        rows.append((f"{len(plan.unchanged)} parts", "link", None, "unchanged"))
    rows += ((f"split {s}", "keep", None, "not in the source") for s in plan.retained_splits)
    return rows

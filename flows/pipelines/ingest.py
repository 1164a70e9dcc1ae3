"""What happens to a source, in order: list, arrange, plan, build, derive, audit, publish."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from flows.decode import DECODERS, Arrangement, Decoder
from flows.lake import (
    Lake,
    Plan,
    Receipt,
    Release,
    Staging,
    plan_parts,
    refused_splits,
    shrunk_splits,
)
from flows.pipelines.derive import PairSettings, derive_into, parameters_of
from flows.pipelines.outcome import (
    Stopwatch,
    Summary,
    blocked,
    error_reasons,
    published,
    refusals_in,
    run_record,
    source_notes,
    unchanged,
)
from flows.pipelines.parts import INCOMPLETE_FINGERPRINT, PartJob, RunParts, build_part
from flows.pipelines.progress import OnProgress, no_progress, waiting
from flows.pipelines.request import IngestRequest
from flows.pipelines.versions import part_versions
from flows.storage import list_members, read_member

NOT_TO_LOSE = ("images", "items", "pictures")
"""What a split may lose 5 % of unasked. Annotations and pictures lie in folders of their own, and
one that is not mounted leaves every image in place."""


def ingest(
    wanted: IngestRequest, run_parts: RunParts, on_progress: OnProgress = no_progress
) -> Summary:
    """Build what changed, link what did not, derive, audit, publish; or say why not.

    Raises InputError when the source is none or another writer holds the lake.
    """
    clock = Stopwatch()
    decoder = DECODERS[wanted.dataset]
    lake, told = Lake(wanted.lake), waiting(on_progress)
    with lake.writing(wait=wanted.wait, waiting=told, resume=wanted.resume) as staging:
        parent = staging.parent
        settings = PairSettings.recorded(parent.manifest.parameters if parent else {})
        wanted = wanted.as_before(inputs_before(wanted, parent))
        members = list_members(wanted.source)
        listing = listing_hash(members, wanted)
        clock.lap("list")
        if parent is not None and is_known(parent, wanted, listing, settings):
            return refused_strictly(wanted, parent, splits_from(parent, wanted)) or unchanged(
                parent
            )
        arrangement = arrange(decoder, wanted, members)
        plan = plan_ingest(wanted, arrangement, parent)
        clock.lap("plan")
        if lost := losses(wanted, {"images": plan.images}, parent):
            return blocked(lost)
        staging.link_others(wanted.dataset)
        staging.link(plan.unchanged)
        built = build(staging, plan, wanted, run_parts, on_progress)
        clock.lap("build")
        if objection := refused_strictly(wanted, staging, set(plan.images)):
            return objection
        if doubts := after_building(wanted, staging, parent):
            return blocked(doubts, refusals_in(staging.tables(), wanted.dataset))
        audit = derive_into(staging, settings, on_progress)
        clock.lap("derive")
        if audit.blocking:
            return blocked(error_reasons(audit))
        own = (part for part in staging.parts.values() if part.dataset == wanted.dataset)
        unsettled = any(part.fingerprint == INCOMPLETE_FINGERPRINT for part in own)
        run = run_record(plan, arrangement, built, clock)
        release = staging.publish(
            inputs={
                wanted.dataset: inputs_of(
                    wanted, decoder, arrangement, plan, listing, parent, unsettled=unsettled
                )
            },
            parameters=parameters_of(settings),
            checks=audit.as_records(),
            runs=run,
        )
    if parent is not None and release.id == parent.id:
        return unchanged(parent)
    return published(release, audit, run, source_notes(arrangement))


def inputs_before(wanted: IngestRequest, parent: Release | None) -> dict[str, Any]:
    """What the manifest before records of this data set's source; nothing when it is new."""
    return parent.manifest.inputs.get(wanted.dataset, {}) if parent else {}


def listing_hash(members: pa.Table, wanted: IngestRequest) -> str:
    """What the whole source looked like, with the options and versions of what would read it."""
    digest = hashlib.sha256(f"{wanted.options}:{part_versions(wanted.dataset)}".encode())
    for batch in members.combine_chunks().to_batches():
        digest.update(batch.serialize())
    return digest.hexdigest()[:32]


def is_known(parent: Release, wanted: IngestRequest, listing: str, settings: PairSettings) -> bool:
    """Whether the release was made of just this, so that no file needs to be opened."""
    manifest = parent.manifest
    return (
        not wanted.splits
        and not wanted.prune
        and manifest.inputs.get(wanted.dataset, {}).get("listing") == listing
        and manifest.parameters == parameters_of(settings)
    )


def arrange(decoder: Decoder, wanted: IngestRequest, members: pa.Table) -> Arrangement:
    """Which members form which part; a single split may be given to a source that names none."""
    override = wanted.splits[0] if len(wanted.splits) == 1 else None
    return decoder.arrange(members, override, lambda name: read_member(wanted.source, name))


def plan_ingest(wanted: IngestRequest, arrangement: Arrangement, parent: Release | None) -> Plan:
    """Which parts to build and which to link."""
    return plan_parts(
        wanted.dataset,
        arrangement.members,
        versions=part_versions(wanted.dataset),
        options=wanted.options,
        parent=parent.manifest if parent else None,
        splits=wanted.splits or None,
        prune=wanted.prune,
    )


def losses(
    wanted: IngestRequest, counted: Mapping[str, Mapping[str, int | None]], parent: Release | None
) -> list[str]:
    """Splits that would lose more than they may unasked; `counted` is by what, then by split."""
    before = parent.manifest.split_counts(wanted.dataset) if parent else {}
    shrunk: dict[str, str] = {}
    for what, by_split in counted.items():
        for one in shrunk_splits(before, by_split, what=what, allow=wanted.allow_shrink):
            shrunk.setdefault(one.split, f"{one}: allow it with --allow-shrink {one.split}")
    return list(shrunk.values())


def refused_strictly(
    wanted: IngestRequest, made: Staging | Release, splits: Collection[str]
) -> Summary | None:
    """What --strict says to the rejections of these splits, built now or linked; else None."""
    if not wanted.strict:
        return None
    parts = made.parts if isinstance(made, Staging) else made.manifest.parts
    own = [part for part in parts.values() if part.dataset == wanted.dataset]
    words = ("documents_refused", "items_refused")
    refused = sum(part.counts.get(w, 0) for part in own if part.split in splits for w in words)
    if not refused:
        return None
    why = f"{refused:,} documents or items were refused, and --strict allows none"
    return blocked([why], refusals_in(made.tables(), wanted.dataset, splits))


def splits_from(parent: Release, wanted: IngestRequest) -> set[str]:
    """The splits of a release that came from this very source."""
    places = parent.manifest.inputs[wanted.dataset].get("locations", {})
    return {split for split, place in places.items() if place == str(wanted.source.path)}


def build(
    staging: Staging,
    plan: Plan,
    wanted: IngestRequest,
    run_parts: RunParts,
    on_progress: OnProgress,
) -> list[Receipt]:
    """Build the changed parts wherever `run_parts` runs them, and record each receipt."""
    jobs = [
        PartJob(
            part,
            wanted.source,
            staging.folder,
            verify_images=bool(wanted.verify_images),
            embed_images=bool(wanted.embed_images),
        )
        for part in plan.changed
    ]
    sizes = {job.part.name: job.part.members.num_rows for job in jobs}
    total, done, receipts = sum(sizes.values()), 0, []
    for receipt in run_parts(build_part, jobs):
        staging.record([receipt])
        receipts.append(receipt)
        done += sizes[receipt.part]
        on_progress("files", done, total, part=receipt.part, **receipt.counts)
    return receipts


def after_building(wanted: IngestRequest, staging: Staging, parent: Release | None) -> list[str]:
    """What speaks against publishing, now that everything is counted."""
    before = parent.manifest.split_counts(wanted.dataset) if parent else {}
    after = staging.split_counts(wanted.dataset)
    counted = {
        what: {split: counts.get(what) for split, counts in after.items()} for what in NOT_TO_LOSE
    }
    lost = losses(wanted, counted, parent)
    if wanted.strict:
        return lost
    refused = refused_splits(after, before=before, allow=wanted.allow_refused)
    return lost + [f"{one}: allow it with --allow-refused {one.split}" for one in refused]


def inputs_of(
    wanted: IngestRequest,
    decoder: Decoder,
    arrangement: Arrangement,
    plan: Plan,
    listing: str,
    parent: Release | None,
    *,
    unsettled: bool,
) -> dict[str, Any]:
    """Where a data set came from, for later runs and for readers of its pictures.

    Each split remembers its own place, because splits may come one by one from different ones.
    The listing is known for a whole source only.
    """
    was = inputs_before(wanted, parent)
    here = sorted({part.split for part in plan.changed} | set(plan.images))
    return {
        "location": str(wanted.source.path),
        "kind": wanted.source.kind,
        "listing": None if wanted.splits or unsettled else listing,
        "options": wanted.options,
        "side_files": [str(path) for path in wanted.source.side_files],
        "locations": {**was.get("locations", {}), **dict.fromkeys(here, str(wanted.source.path))},
        "pictures": {
            **was.get("pictures", {}),
            **{split: decoder.picture_path(split) for split in here},
            **arrangement.pictures,
        },
    }

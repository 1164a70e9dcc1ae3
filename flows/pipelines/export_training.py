"""Training export: a split of a release as Parquet shards, written in any process, and a card."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from flows.exports.selection import SelectionRecord
from flows.exports.training.features import features_of, schema_of
from flows.exports.training.folder import (
    STAGING,
    Export,
    HeldShards,
    clear_staging,
    held_shards,
    prepare_staging,
    publish,
)
from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import (
    ExportedSplit,
    Origin,
    ShardFooter,
    ShardRecord,
    loses_too_many,
    read_origins,
    read_shard,
)
from flows.exports.training.rows import LeftOut, ReadPictures, training_rows
from flows.exports.training.shards import plan_shards, write_shard
from flows.pipelines.pictures import split_pictures
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.selected_rows import SelectedRows
from flows.pipelines.slices import restrict_to_part
from flows.pipelines.training_input import (
    TABLES,
    ShardJob,
    category_names,
    planned_rows,
    run_inputs,
)
from flows.release import Release, require_half
from flows.warehouse import Warehouse, open_warehouse
from schemas.errors import InputError

RunShards = Callable[[Callable[[ShardJob], ShardRecord], Sequence[ShardJob]], Iterable[ShardRecord]]
"""Writes the shards: flows.runners.local_runner(workers), or anything that maps."""


def export_training(
    release: Release,
    dataset: str,
    *,
    split: str,
    output: Path,
    options: TrainingOptions,
    run: RunShards,
    shards: int | None = None,
    pictures_at: str | None = None,
    allow_left_out: bool = False,
    replace: bool = False,
    selected: SelectedRows | None = None,
    on_progress: OnProgress = no_progress,
) -> ExportedSplit:
    """Write or refresh a split in the folder `output`, next to other splits of the same export.

    Shards whose source rows did not change are kept, and nothing is written when the split did not
    change. The others are replaced when all of them are finished. `pictures_at` is the current
    location of the source, if it moved. `selected` are images, or items where the options write a
    row per item cut out; footers and card have the selection.

    Raises InputError for a folder with another export, unless `replace`; MostLeftOut when over half
    of the rows would be left out, unless `allow_left_out`; and InputError when over 1 % of the
    others are lost to broken pictures. Then the folder keeps what it had, and the next export goes
    on with the finished shards.
    """
    release.require_split(dataset, split)
    keys = selected.keys if selected else None
    terms = selected.record.terms if selected else msgspec.UNSET
    selection = selected.record if selected else msgspec.UNSET
    with open_warehouse(release.tables(), only=TABLES) as con:
        restrict_to_part(con, dataset, split, options.fold, keys)
        features = features_of(options, list(category_names(con, dataset).values()))
        export = Export(dataset, split, options, features, terms)
        held = held_shards(output, export, shards=shards, replace=replace)
        if unchanged := _unchanged_split(release, export, held, output, selection):
            require_half(
                f"{dataset} {split}",
                rows=unchanged.rows,
                left_out=unchanged.origin.left_out,
                allow_left_out=allow_left_out,
            )
            clear_staging(output, split)
            return unchanged
        rows, left_out = planned_rows(con, dataset, split, options)
    require_half(
        f"{dataset} {split}",
        rows=rows.num_rows,
        left_out=left_out,
        allow_left_out=allow_left_out,
    )
    starts = [record.footer.first_image_id for record in held.complete]
    planned = plan_shards(rows, options, split=split, shards=shards, held=starts)
    staging = prepare_staging(output)
    jobs = [
        ShardJob(
            release.path,
            dataset,
            split,
            output,
            options,
            shard,
            len(planned),
            pictures_at,
            keys,
            terms,
        )
        for shard in planned
    ]
    finished: list[ShardRecord] = []
    for record in run(build_shard, jobs):
        finished.append(record)
        on_progress("rows", sum(shard.rows for shard in finished), rows.num_rows)
    finished.sort(key=lambda shard: shard.name)
    exported = ExportedSplit(
        split,
        finished,
        Origin(
            release.id,
            left_out,
            _input_hash(release, export, finished),
            selection,
        ),
        written=sum((staging / shard.name).exists() for shard in planned),
    )
    _require_few_losses(exported, rows.num_rows)
    obsolete = {record.name for record in (*held.own, *held.foreign)}
    publish(output, exported, obsolete - {shard.name for shard in planned})
    return exported


def build_shard(job: ShardJob) -> ShardRecord:
    """One shard, from the release and the source's pictures to a staged file. In any process.

    A file that was written from equal source rows is kept, unless some of its pictures could not
    be read then.
    """
    release = Release(job.release)
    with open_warehouse(release.tables(), only=TABLES, threads=1) as con:
        restrict_to_part(con, job.dataset, job.split, job.options.fold, job.keys)
        features = features_of(job.options, list(category_names(con, job.dataset).values()))
        footer = ShardFooter(
            job.dataset,
            job.split,
            job.shards,
            job.options,
            _source_hash(con, job),
            job.shard.first_image_id,
            selection=job.selection,
        )
        staging = job.folder / STAGING
        for folder in (job.folder, staging):
            if (folder / job.shard.name).exists():
                held = read_shard(folder, job.shard.name)
                same = msgspec.structs.replace(held.footer, left_out=()) == footer
                if same and held.features == features and held.is_final:
                    if folder != staging:  # a killed export of another release may have staged one
                        (staging / job.shard.name).unlink(missing_ok=True)
                    return held
        read = split_pictures(con, release, job.dataset, job.split, job.pictures_at)
        rows = _training_rows(con, job, read)
        return write_shard(staging, job.shard, schema_of(features), rows, footer)


def _unchanged_split(
    release: Release,
    export: Export,
    held: HeldShards,
    output: Path,
    selection: SelectionRecord | msgspec.UnsetType,
) -> ExportedSplit | None:
    """The exported split if it was made from these rows and nothing has to be replaced."""
    origin = read_origins(output).get(export.split)
    # A condition can read tables that are not part of the input, such as rejections.
    if origin is None or origin.selection != selection or held.foreign or not held.complete:
        return None
    final = all(record.is_final for record in held.complete)
    same = origin.input == _input_hash(release, export, held.complete)
    return ExportedSplit(export.split, held.complete, origin) if final and same else None


def _input_hash(release: Release, export: Export, shards: Sequence[ShardRecord]) -> str:
    """A hash of the release's files of a split, and of what these shards were made from."""
    folder = f"/dataset={export.dataset}/split={export.split}/"
    files = [
        (file.path, file.sha256)
        for table in TABLES
        for file in release.manifest.of(table)
        if folder in file.path or file.path == f"{table}.parquet"
    ]
    sources = [shard.footer.source for shard in shards]
    return hashlib.sha256(msgspec.json.encode([sorted(files), sources])).hexdigest()


def _source_hash(con: Warehouse, job: ShardJob) -> str:
    """sha256 of the source rows of a shard."""
    digest = hashlib.sha256()
    for tables in run_inputs(con, job):
        digest.update(msgspec.json.encode([table.to_pylist() for table in tables]))
    return digest.hexdigest()


def _training_rows(
    con: Warehouse, job: ShardJob, read: ReadPictures
) -> Iterator[dict[str, Any] | LeftOut]:
    labels = {number: place for place, number in enumerate(category_names(con, job.dataset))}
    for images, items in run_inputs(con, job):
        yield from training_rows(images, items, options=job.options, labels=labels, read=read)


def _require_few_losses(exported: ExportedSplit, planned: int) -> None:
    lost = exported.lost
    if loses_too_many(len(lost), planned):
        raise InputError(
            f"{len(lost):,} of {planned:,} rows of {exported.split} could not be made, "
            f"the first for image {lost[0].image_id}: {lost[0].reason}. The footers of the shards "
            "name all of them; the next export tries them again."
        )

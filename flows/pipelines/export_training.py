"""Training export: a split of a release as Parquet shards, written in any process, and a card."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.training.card import training_card
from flows.exports.training.features import features_of, schema_of
from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import (
    CARD,
    ExportedSplit,
    Origin,
    ShardFooter,
    ShardRecord,
    exported_splits,
    loses_too_many,
    prepare_folder,
    read_shard,
)
from flows.exports.training.rows import NO_REGION, LeftOut, ReadPictures, training_rows
from flows.exports.training.shards import Shard, plan_shards, write_shard
from flows.pipelines.pictures import split_pictures
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.slices import Parameters, export_totals, one_slice
from flows.release import Release
from flows.storage.atomic import atomic_write
from flows.warehouse import Warehouse, open_warehouse, run_query
from schemas.errors import InputError

RunShards = Callable[
    [Callable[["ShardJob"], ShardRecord], Sequence["ShardJob"]], Iterable[ShardRecord]
]
"""Writes the shards: flows.runners.local_runner(workers), or anything that maps."""


@dataclass(frozen=True)
class ShardJob:
    """What a process needs to write one shard; small enough to send to it."""

    release: Path
    dataset: str
    split: str
    folder: Path
    options: TrainingOptions
    shard: Shard
    shards: int
    pictures_at: str | None


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
    on_progress: OnProgress = no_progress,
) -> ExportedSplit:
    """Write a split into the folder `output`, next to other splits of the same export.

    Shards whose source rows did not change are kept. `pictures_at` is the current location of the
    source, if it moved. Raises InputError when over 1 % of the rows are lost to broken pictures;
    finished shards stay, and their footers name each lost row.
    """
    release.require_split(dataset, split)
    with open_warehouse(release.tables()) as con:
        rows, possible_rows = _planned_rows(con, dataset, split, options)
        names = _category_names(con, dataset)
    planned = plan_shards(rows, options, split=split, shards=shards)
    prepare_folder(
        output,
        [shard.name for shard in planned],
        split=split,
        dataset=dataset,
        options=options,
        features=features_of(options, list(names.values())),
    )
    jobs = [
        ShardJob(release.path, dataset, split, output, options, shard, len(planned), pictures_at)
        for shard in planned
    ]
    finished: list[ShardRecord] = []
    for record in run(build_shard, jobs):
        finished.append(record)
        on_progress("rows", sum(shard.rows for shard in finished), rows.num_rows)
    finished.sort(key=lambda shard: shard.name)
    origin = Origin(release.id, possible_rows - rows.num_rows)
    exported = ExportedSplit(split, finished, origin)
    _require_few_losses(exported, rows.num_rows)
    splits = [exported if other.split == split else other for other in exported_splits(output)]
    with atomic_write(output / CARD) as sink:
        sink.write(training_card(splits).encode())
    return exported


def build_shard(job: ShardJob) -> ShardRecord:
    """One shard, from the release and the source's pictures to a Parquet file. In any process.

    A file that was written from equal source rows is kept, unless some of its pictures could not
    be read then.
    """
    release = Release(job.release)
    with open_warehouse(release.tables(), threads=1) as con:
        source = _source_hash(con, job)
        if (job.folder / job.shard.name).exists():
            held = read_shard(job.folder, job.shard.name)
            readable = all(row.reason == NO_REGION for row in held.footer.left_out)
            if readable and held.footer.source == source:
                return held
        rows = _training_rows(
            con, job, split_pictures(con, release, job.dataset, job.split, job.pictures_at)
        )
        schema = schema_of(
            features_of(job.options, list(_category_names(con, job.dataset).values()))
        )
        footer = ShardFooter(job.dataset, job.split, job.shards, job.options, source)
        return write_shard(job.folder, job.shard, schema, rows, footer)


def _source_hash(con: Warehouse, job: ShardJob) -> str:
    """sha256 of the source rows of a shard."""
    digest = hashlib.sha256()
    for tables in _run_inputs(con, job):
        digest.update(msgspec.json.encode([table.to_pylist() for table in tables]))
    return digest.hexdigest()


def _training_rows(
    con: Warehouse, job: ShardJob, read: ReadPictures
) -> Iterator[dict[str, Any] | LeftOut]:
    labels = {number: place for place, number in enumerate(_category_names(con, job.dataset))}
    for images, items in _run_inputs(con, job):
        yield from training_rows(images, items, options=job.options, labels=labels, read=read)


def _run_inputs(con: Warehouse, job: ShardJob) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Source rows of a shard, run by run: its images, and their items or those to cut out."""
    for run in job.shard.runs:
        parameters = _image_range(job, run.first_image_id, run.last_image_id)
        rows = _rows(con, parameters, job.options)
        images, items = one_slice(
            con,
            parameters,
            landmarks=job.options.task == "landmarks",
            polygons=job.options.task == "segmentation",
        )
        items = items.filter(pc.is_in(items["image_id"], value_set=rows["image_id"]))
        if job.options.crop_items:
            items = items.append_column("identity", rows["identity"]).slice(run.skip, run.take)
            rows = items
        yield images.filter(pc.is_in(images["image_id"], value_set=rows["image_id"])), items


def _planned_rows(
    con: Warehouse, dataset: str, split: str, options: TrainingOptions
) -> tuple[pa.Table, int]:
    """The rows to write, in order, and how many there would be if no picture were missing."""
    totals = export_totals(con, dataset, split)
    counts = {
        "landmarks": totals.landmarks,
        "segmentation": totals.polygons,
        "retrieval": totals.styled,
    }
    if not counts.get(options.task, totals.items):
        raise InputError(f"{dataset} {split} has no annotations for the task {options.task}.")
    rows = _rows(con, {"dataset": dataset, "split": split}, options)
    if not rows.num_rows:
        raise InputError(
            f"{dataset} {split} has no pictures that could be read: ingest with the pictures."
        )
    return rows, totals.items if options.crop_items else totals.images


def _rows(con: Warehouse, parameters: Parameters, options: TrainingOptions) -> pa.Table:
    """One row for each row of a training set of these images, in order."""
    if options.crop_items:
        return run_query(con, "training_items", parameters)
    rows = run_query(con, "training_images", parameters)
    if options.task != "classification":
        return rows
    several = pc.sum(pc.greater(rows["items"], 1)).as_py()
    if several:
        raise InputError(
            f"{several:,} images of {parameters['dataset']} {parameters['split']} show several "
            "items, but a class needs one: cut them out with --crop items."
        )
    return rows.filter(pc.equal(rows["items"], 1))


def _category_names(con: Warehouse, dataset: str) -> dict[int, str]:
    """Names of a source's categories by number, in the order of the numbers."""
    rows = run_query(con, "coco_categories", {"dataset": dataset}).to_pylist()
    return {row["category_id"]: row["category_name"] for row in rows}


def _image_range(job: ShardJob, first: int, last: int) -> Parameters:
    """Parameters of the queries for images of a shard."""
    return {
        "dataset": job.dataset,
        "split": job.split,
        "first_image_id": first,
        "last_image_id": last,
    }


def _require_few_losses(exported: ExportedSplit, planned_rows: int) -> None:
    lost = exported.lost
    if loses_too_many(len(lost), planned_rows):
        raise InputError(
            f"{len(lost):,} of {planned_rows:,} rows of {exported.split} could not be made, "
            f"the first for image {lost[0].image_id}: {lost[0].reason}. The footers of the shards "
            "name all of them; the next export tries them again."
        )

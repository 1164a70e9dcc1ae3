"""A split of a release as training shards: planned, written in any process, described at last."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.training.card import card
from flows.exports.training.croissant import croissant
from flows.exports.training.features import features_of, schema_of
from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import (
    ExportRecord,
    begin,
    missing,
    read_records,
    too_many,
    write_record,
)
from flows.exports.training.rows import LeftOut, ReadPictures, training_rows
from flows.exports.training.shards import Run, Shard, ShardRecord, plan_shards, write_shard
from flows.lake import Release
from flows.pipelines.slices import one_slice, split_totals
from flows.storage import Location, read_members
from flows.storage.atomic import atomic_write
from flows.warehouse import Warehouse, open_warehouse, run_query
from schemas.errors import InputError

Wanted = dict[str, str | int]
"""A split, and which of its images: parameters of the queries."""

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""

RunShards = Callable[
    [Callable[["ShardJob"], ShardRecord], Sequence["ShardJob"]], Iterable[ShardRecord]
]
"""Who writes the shards: flows.runners.local_runner(workers), or anything that maps."""


@dataclass(frozen=True)
class ShardJob:
    """All that a process needs to write one shard; small enough to travel."""

    release: Path
    dataset: str
    split: str
    folder: Path
    options: TrainingOptions
    shard: Shard
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
    progress: Progress | None = None,
) -> ExportRecord:
    """Write a split into the folder `output`, beside other splits of the same export.

    Finished shards of an interrupted export are kept. `pictures_at` is where the source lies now,
    if it moved. Raises InputError when over one in a hundred rows is lost to broken pictures; what
    is finished stays, and the record beside it names each of them.
    """
    with open_warehouse(release.tables()) as con:
        rows, known = _planned_rows(con, dataset, split, options)
        names = _category_names(con, dataset)
    planned = plan_shards(rows, options, split=split, shards=shards)
    record = begin(
        output,
        ExportRecord(
            dataset=dataset,
            split=split,
            release=release.id,
            created=f"{release.manifest.created:%Y-%m-%d}",
            content=release.manifest.content,
            options=options.as_words(),
            features=features_of(options, list(names.values())),
            planned_shards=len(planned),
            planned_rows=rows.num_rows,
            left_out_before=known - rows.num_rows,
        ),
    )
    write_record(output, record)
    jobs = [
        ShardJob(release.path, dataset, split, output, options, shard, pictures_at)
        for shard in missing(record, planned)
    ]
    for shard in run(build_shard, jobs):
        record = record.with_shard(shard)
        write_record(output, record)
        if progress:
            progress(record.rows, rows.num_rows)
    _refuse_great_loss(record)
    _describe(output)
    return record


def build_shard(job: ShardJob) -> ShardRecord:
    """One shard, from the release and the source's pictures to a Parquet file. In any process."""
    release = Release(job.release)
    with open_warehouse(release.tables(), threads=1) as con:
        names = _category_names(con, job.dataset)
        read = _read_pictures(con, release, job)
        schema = schema_of(features_of(job.options, list(names.values())))
        made = (row for run in job.shard.runs for row in _made(con, job, run, names, read))
        return write_shard(job.folder, job.shard, schema, made)


def _made(
    con: Warehouse,
    job: ShardJob,
    run: Run,
    names: dict[int, str],
    read: ReadPictures,
) -> Iterator[dict[str, Any] | LeftOut]:
    """The rows of one run, with their pictures."""
    wanted: Wanted = {
        "dataset": job.dataset,
        "split": job.split,
        "first_image_id": run.first_image_id,
        "last_image_id": run.last_image_id,
    }
    rows = _rows(con, wanted, job.options)
    images, one = one_slice(
        con,
        wanted,
        landmarks=job.options.task == "landmarks",
        polygons=job.options.task == "segmentation",
    )
    images = images.filter(pc.is_in(images["image_id"], value_set=rows["image_id"]))
    one = one.of_images(images["image_id"])
    return training_rows(
        images,
        one,
        options=job.options,
        labels={number: place for place, number in enumerate(names)},
        identities=_identities(rows, one.items),
        read=read,
        skip=run.skip,
        take=run.take,
    )


def _planned_rows(
    con: Warehouse, dataset: str, split: str, options: TrainingOptions
) -> tuple[pa.Table, int]:
    """What to write a row for, in order, and how many there would be with all pictures."""
    totals = split_totals(con, dataset, split)
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


def _rows(con: Warehouse, wanted: Wanted, options: TrainingOptions) -> pa.Table:
    """One row for each that a training set of these images has, in order."""
    if options.crop_items:
        return run_query(con, "training_items", wanted)
    rows = run_query(con, "training_images", wanted)
    if options.task != "classification":
        return rows
    several = pc.sum(pc.greater(rows["items"], 1)).as_py()
    if several:
        raise InputError(
            f"{several:,} images of {wanted['dataset']} {wanted['split']} show several items, but "
            "a class wants one: cut them out with --crop items."
        )
    return rows.filter(pc.equal(rows["items"], 1))


def _identities(rows: pa.Table, items: pa.Table) -> np.ndarray:
    """The identity of each item; rows of whole images have none."""
    if "identity" in rows.schema.names:
        return rows["identity"].to_numpy()
    return np.full(items.num_rows, -1, np.int64)


def _category_names(con: Warehouse, dataset: str) -> dict[int, str]:
    """Names of a source's categories by number, in the order of the numbers."""
    rows = run_query(con, "coco_categories", {"dataset": dataset}).to_pylist()
    return {row["category_id"]: row["category_name"] for row in rows}


def _read_pictures(con: Warehouse, release: Release, job: ShardJob) -> ReadPictures:
    """Reads a split's pictures from the release where it holds them, else from their source."""
    place = f"/dataset={job.dataset}/split={job.split}/"
    held = any(place in file.path and file.rows for file in release.manifest.of("pictures"))
    if held and job.pictures_at is None:
        return lambda images: _held_pictures(con, job, images)
    inputs = release.manifest.inputs.get(job.dataset, {})
    pattern = inputs.get("pictures", {}).get(job.split)
    lies_at = job.pictures_at or inputs.get("locations", {}).get(job.split, inputs.get("location"))
    if pattern is None or lies_at is None:
        raise InputError(
            f"the release neither holds the pictures of {job.dataset} {job.split} nor says where "
            "they lie: ingest with --embed-images."
        )
    source = Location.parse(lies_at)
    return lambda images: _source_pictures(source, pattern, images)


def _held_pictures(con: Warehouse, job: ShardJob, images: pa.Table) -> Iterable[bytes | None]:
    wanted = {
        "dataset": job.dataset,
        "split": job.split,
        "first_image_id": images["image_id"][0].as_py(),
        "last_image_id": images["image_id"][-1].as_py(),
    }
    rows = run_query(con, "training_pictures", wanted).to_pylist()
    held = {row["image_id"]: row["data"] for row in rows}
    return [held.get(image_id) for image_id in images["image_id"].to_pylist()]


def _source_pictures(source: Location, pattern: str, images: pa.Table) -> Iterable[bytes | None]:
    names = [pattern.format(file_name=name) for name in images["file_name"].to_pylist()]
    nothing = [-1] * len(names), [""] * len(names)
    members = pa.table({"name": names, "size": nothing[0], "stamp": nothing[1]})
    try:
        return [document.data for document in read_members(source, members)]
    except OSError as error:
        raise InputError(
            f"the pictures cannot be read at {source.path}: {error}; mount it, or say with "
            "--pictures-at where they lie now."
        ) from error


def _refuse_great_loss(record: ExportRecord) -> None:
    lost = [one for shard in record.shards.values() for one in shard.left_out]
    if too_many(len(lost), record.planned_rows):
        first = lost[0]
        raise InputError(
            f"{len(lost):,} of {record.planned_rows:,} rows of {record.split} could not be made, "
            f"the first for image {first.image_id}: {first.reason}. All are named in "
            f"{record.split}.export.json."
        )


def _describe(folder: Path) -> None:
    """README.md and croissant.json, from the records of all finished splits."""
    records = [record for record in read_records(folder) if record.finished]
    with atomic_write(folder / "README.md") as sink:
        sink.write(card(records).encode())
    with atomic_write(folder / "croissant.json") as sink:
        sink.write(json.dumps(croissant(records), indent=2, ensure_ascii=False).encode() + b"\n")

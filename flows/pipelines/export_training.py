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
from flows.pictures import picture_source
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.slices import Parameters, export_totals, one_slice
from flows.release import Release, describe_left_out, require_rows
from flows.storage.atomic import atomic_write
from flows.warehouse import Warehouse, open_warehouse, run_query
from schemas.errors import InputError, MostLeftOut

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
    allow_left_out: bool = False,
    on_progress: OnProgress = no_progress,
) -> ExportedSplit:
    """Write a split into the folder `output`, next to other splits of the same export.

    Shards whose source rows did not change are kept. `pictures_at` is the current location of the
    source, if it moved. Raises MostLeftOut when over half of the rows would be left out, unless
    `allow_left_out`, and InputError when over 1 % of the others are lost to broken pictures;
    finished shards stay, and their footers name each lost row.
    """
    with open_warehouse(release.tables()) as con:
        rows, left_out = _planned_rows(con, dataset, split, options)
        names = _category_names(con, dataset)
    if sum(left_out.values()) > rows.num_rows and not allow_left_out:
        raise MostLeftOut(
            f"nothing was written, because over half of {dataset} {split} cannot be used: "
            f"{describe_left_out(left_out, rows.num_rows)}; --allow-left-out writes the others."
        )
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
    origin = Origin(release.id, left_out)
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
        rows = _training_rows(con, job, _read_pictures(con, release, job))
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
        items = items.sort_by([("image_id", "ascending"), ("item_no", "ascending")])
        rows = rows.filter(pc.is_null(rows["left_out"]))
        if job.options.crop_items:
            items = _with_identities(items, rows).slice(run.skip, run.take)
            rows = items
        else:
            items = items.filter(pc.is_in(items["image_id"], value_set=rows["image_id"]))
        yield images.filter(pc.is_in(images["image_id"], value_set=rows["image_id"])), items


def _with_identities(items: pa.Table, rows: pa.Table) -> pa.Table:
    """Those items that are in `rows` of training_items, with the column `identity`."""
    identities = {(row["image_id"], row["item_no"]): row["identity"] for row in rows.to_pylist()}
    keys = zip(items["image_id"].to_pylist(), items["item_no"].to_pylist(), strict=True)
    column = pa.array(map(identities.get, keys), pa.int64())
    return items.append_column("identity", column).filter(pc.is_valid(column))


def _planned_rows(
    con: Warehouse, dataset: str, split: str, options: TrainingOptions
) -> tuple[pa.Table, dict[str, int]]:
    """The rows to write, in order, and how many are left out for which reason."""
    totals = export_totals(con, dataset, split)
    counts = {
        "landmarks": totals.landmarks,
        "segmentation": totals.polygons,
        "retrieval": totals.styled,
    }
    rows = _rows(con, {"dataset": dataset, "split": split}, options)
    used = pc.is_null(rows["left_out"])
    reasons = pc.value_counts(rows["left_out"].filter(pc.invert(used))).to_pylist()
    left_out = {
        row["values"]: row["counts"] for row in sorted(reasons, key=lambda row: -row["counts"])
    }
    rows = rows.filter(used)
    require_rows(
        f"{dataset} {split}",
        options.task,
        annotations=counts.get(options.task, totals.items),
        rows=rows.num_rows,
        left_out=left_out,
    )
    several = options.task == "classification" and not options.crop_items
    if several and (count := pc.sum(pc.greater(rows["items"], 1)).as_py()):
        raise InputError(
            f"{count:,} images of {dataset} {split} show several items, but a class needs one: "
            "cut them out with --crop items."
        )
    return rows, left_out


def _rows(con: Warehouse, parameters: Parameters, options: TrainingOptions) -> pa.Table:
    """One row for each row that a training set of these images could have, in order."""
    name = "training_items" if options.crop_items else "training_images"
    return run_query(con, name, parameters | {"task": options.task})


def _category_names(con: Warehouse, dataset: str) -> dict[int, str]:
    """Names of a source's categories by number, in the order of the numbers."""
    rows = run_query(con, "coco_categories", {"dataset": dataset}).to_pylist()
    return {row["category_id"]: row["category_name"] for row in rows}


def _read_pictures(con: Warehouse, release: Release, job: ShardJob) -> ReadPictures:
    """Reads a split's pictures from the release where it holds them, else from their source."""
    place = f"/dataset={job.dataset}/split={job.split}/"
    embedded = any(place in file.path and file.rows for file in release.manifest.of("pictures"))
    if not embedded or job.pictures_at is not None:
        source = picture_source(release.manifest.inputs, job.dataset, job.split, job.pictures_at)
        return lambda images: [
            document.data for document in source.read(images["file_name"].to_pylist())
        ]

    def read_embedded(images: pa.Table) -> Iterable[bytes | None]:
        ids = images["image_id"].to_pylist()
        rows = run_query(con, "training_pictures", _image_range(job, ids[0], ids[-1])).to_pylist()
        data = {row["image_id"]: row["data"] for row in rows}
        return map(data.get, ids)

    return read_embedded


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

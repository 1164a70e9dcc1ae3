"""What a training set is made from: rows of a release, planned or of a shard, and pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UnsetType

from flows.exports.selection import SelectionTerms
from flows.exports.training.options import TrainingOptions
from flows.exports.training.shards import Shard
from flows.pipelines.slices import Parameters, export_totals, one_slice
from flows.release import require_rows
from flows.storage.place import Place
from flows.warehouse import Warehouse, run_query
from schemas.errors import InputError

TABLES = (
    *("images", "items", "landmarks", "polygons", "pictures"),
    *("categories", "landmark_types"),
)
"""The tables that a training set is made from."""


@dataclass(frozen=True)
class ShardJob:
    """What a process needs to write one shard; small enough to send to it."""

    release: Place
    dataset: str
    split: str
    folder: Path
    options: TrainingOptions
    shard: Shard
    shards: int
    pictures_at: str | None
    keys: pa.Table | None
    """Of the selected images or items of the split; None: all."""
    selection: SelectionTerms | UnsetType


def run_inputs(con: Warehouse, job: ShardJob) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Source rows of a shard, run by run: its images, and their items or those to cut out."""
    for first, last in job.shard.runs:
        parameters = _image_range(job, first, last)
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
            rows = items = _with_identities(items, rows)
        else:
            items = items.filter(pc.is_in(items["image_id"], value_set=rows["image_id"]))
        yield images.filter(pc.is_in(images["image_id"], value_set=rows["image_id"])), items


def _with_identities(items: pa.Table, rows: pa.Table) -> pa.Table:
    """Those items that are in `rows` of training_items, with the column `identity`."""
    identities = {(row["image_id"], row["item_no"]): row["identity"] for row in rows.to_pylist()}
    keys = zip(items["image_id"].to_pylist(), items["item_no"].to_pylist(), strict=True)
    column = pa.array(map(identities.get, keys), pa.int64())
    return items.append_column("identity", column).filter(pc.is_valid(column))


def planned_rows(
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


def category_names(con: Warehouse, dataset: str) -> dict[int, str]:
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

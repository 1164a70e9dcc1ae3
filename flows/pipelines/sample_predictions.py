"""Predictions with noise for a split of a release, in the file format of each task."""

import csv
from collections.abc import Callable, Iterator
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

import pyarrow.compute as pc

from flows.exports.coco.writer import write_list
from flows.exports.item_rows import ItemRow, item_rows
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.slices import ExportTotals, export_totals, split_batches
from flows.release import Release
from flows.samples import predictions as samples
from flows.storage.atomic import atomic_write
from flows.warehouse import Warehouse, open_warehouse, run_query
from schemas.categories import CATEGORIES, FASHIONAI_POINTS
from schemas.errors import InputError

Records = Iterator[dict[str, Any]]

_GENERATORS: dict[tuple[str, str], Callable[..., Records]] = {
    ("detection", "deepfashion2"): samples.box_records,
    ("landmarks", "deepfashion2"): samples.landmark_records,
    ("segmentation", "deepfashion2"): samples.mask_records,
    ("retrieval", "deepfashion2"): samples.retrieval_records,
    ("landmarks", "fashionai"): partial(samples.point_records, names=FASHIONAI_POINTS),
    ("classification", "fashion-mnist"): samples.class_records,
}
"""What makes the predictions, by task and data set: JSON for DeepFashion2, CSV for the others."""


def write_sample_predictions(
    release: Release,
    dataset: str,
    *,
    task: str,
    split: str,
    output: Path,
    seed: int = 0,
    on_progress: OnProgress = no_progress,
) -> int:
    """Write predictions of the annotated images of a split; returns their number.

    The same release and seed give the same bytes. Raises InputError for a task that the data set
    does not have, for an output with the suffix of another format, and for a split without
    annotations or, for retrieval, without items of shops.
    """
    generate = _GENERATORS.get((task, dataset))
    if generate is None:
        tasks = [name for name, other in _GENERATORS if other == dataset]
        raise InputError(f"{dataset} has no task {task}: give {' or '.join(tasks)}")
    suffix = ".json" if dataset == "deepfashion2" else ".csv"
    if output.suffix != suffix:
        raise InputError(f"{output}: name it {suffix}")
    release.require_split(dataset, split)
    rng = Random(f"{seed} {dataset} {split} {task}")
    categories = {category.category_id: category for category in CATEGORIES[dataset]}
    with open_warehouse(release.tables()) as con, atomic_write(output) as sink:
        items = _items(con, export_totals(con, dataset, split), task, on_progress)
        if task == "retrieval":
            gallery = _gallery(con, dataset, split)
            items = (item for item in items if item["source"] == "user")
            return _write_json(sink, generate(rng, items, categories, gallery))
        write = _write_json if suffix == ".json" else _write_csv
        return write(sink, generate(rng, items, categories))


def _items(
    con: Warehouse, totals: ExportTotals, task: str, on_progress: OnProgress
) -> Iterator[ItemRow]:
    """The items of a split by image, with what the task needs and the `file_name` of the image."""
    for images, items in split_batches(
        con,
        totals,
        landmarks=task == "landmarks",
        polygons=task == "segmentation",
        on_progress=on_progress,
    ):
        ids, names = (images[column].to_pylist() for column in ("image_id", "file_name"))
        file_names = dict(zip(ids, names, strict=True))
        for item in item_rows(items):
            yield item | {"file_name": file_names[item["image_id"]]}


def _gallery(con: Warehouse, dataset: str, split: str) -> list[ItemRow]:
    in_split = (pc.field("dataset") == dataset) & (pc.field("split") == split)
    gallery = run_query(con, "retrieval_gallery").filter(in_split).to_pylist()
    if not gallery:
        raise InputError(f"{dataset} {split} has no items of shops to retrieve.")
    return gallery


def _write_json(sink: BinaryIO, records: Records) -> int:
    sink.write(b"[")
    count = write_list(sink, records)
    sink.write(b"]\n")
    return count


def _write_csv(sink: BinaryIO, records: Records) -> int:
    text = TextIOWrapper(sink, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    count = 0
    for count, record in enumerate(records, start=1):
        if count == 1:
            writer.writerow(record)
        writer.writerow(record.values())
    text.detach()
    return count

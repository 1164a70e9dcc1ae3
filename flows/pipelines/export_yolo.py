"""YOLO export: a split of a release as pictures, label files and data.yaml for Ultralytics."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from flows.exports.coco.layout import CocoOptions, category_layouts
from flows.exports.training.record import loses_too_many
from flows.exports.yolo.dataset_file import (
    SUBSETS,
    ExportedSubset,
    read_export,
    write_dataset_file,
)
from flows.exports.yolo.labels import Task
from flows.exports.yolo.writer import BROKEN, YoloCounts, YoloWriter, swapped_landmarks
from flows.pipelines.pictures import split_pictures
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.selected_rows import SelectedRows
from flows.pipelines.slices import ExportTotals, export_totals, restrict_to_part, split_batches
from flows.release import Fold, Release, require_annotations, require_half
from flows.warehouse import Warehouse, open_warehouse, run_query
from schemas.errors import InputError


def export_yolo(
    release: Release,
    dataset: str,
    *,
    split: str,
    output: Path,
    task: Task,
    subset: str | None = None,
    fold: str | None = None,
    pictures_at: str | None = None,
    allow_left_out: bool = False,
    selected: SelectedRows | None = None,
    on_progress: OnProgress = no_progress,
) -> tuple[str, YoloCounts]:
    """Write a split into the folder `output`, as one of its subsets train, val and test.

    Returns the subset and its counts. An earlier export of the split is replaced when the new one
    is complete; other subsets stay. `subset` is needed for a split whose name is not that of a
    subset. `fold` takes a part of the split, such as `0/5`. `pictures_at` is the current location
    of the source, if it moved. Of `selected` images all items are written, and data.yaml has the
    selection.

    Raises InputError when there is nothing to write, when the folder holds something else, and when
    over 1 % of the pictures cannot be read any more; MostLeftOut when over half of the images would
    be left out, unless `allow_left_out`.
    """
    subset = subset or SUBSETS.get(split)
    if subset is None:
        raise InputError(
            f"{split} is none of the subsets of a YOLO data set: choose one with "
            f"--as {', --as '.join(SUBSETS.values())}."
        )
    release.require_split(dataset, split)
    export = read_export(output, dataset, task)
    held = export.subsets.get(subset)
    exported = split if fold is None else f"{split} {Fold.parse(fold)}"
    if held is not None and held.split != exported:
        raise InputError(f"{output} holds {held.split} as {subset}: give another folder.")
    if held is not None and held.terms != (selected and selected.record.terms):
        raise InputError(
            f"{output} holds another selection of {held.split} as {subset}: give another folder."
        )
    with open_warehouse(release.tables()) as con:
        restrict_to_part(con, dataset, split, fold, selected and selected.keys)
        totals = export_totals(con, dataset, split)
        _require_annotations(totals, task)
        categories = run_query(con, "coco_categories", {"dataset": dataset})
        layouts = category_layouts(categories, CocoOptions(task="landmarks"))
        keys = _keys(categories, max(layout.length for layout in layouts.values()), task)
        partial = output / f".{subset}.partial"
        shutil.rmtree(partial, ignore_errors=True)  # of a killed export
        try:
            writer = YoloWriter(
                partial,
                task=task,
                numbers={number: place for place, number in enumerate(layouts)},
                layouts=layouts,
                read=split_pictures(con, release, dataset, split, pictures_at),
            )
            _write_batches(con, writer, totals, task, on_progress)
            require_half(
                f"{dataset} {split}",
                rows=writer.counts.images,
                left_out=writer.counts.images_left_out,
                allow_left_out=allow_left_out,
                unit="images",
            )
            others = {name: value for name, value in export.subsets.items() if name != subset}
            # While folders are replaced, data.yaml does not name the subset.
            write_dataset_file(output, msgspec.structs.replace(export, subsets=others), keys)
            _replace_folders(output, partial, subset)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    counts = writer.counts
    selection = selected.record if selected else msgspec.UNSET
    written = ExportedSubset(exported, release.id, counts.images, counts.items, selection)
    export = msgspec.structs.replace(export, subsets=others | {subset: written})
    write_dataset_file(output, export, keys)
    return subset, counts


def _write_batches(
    con: Warehouse,
    writer: YoloWriter,
    totals: ExportTotals,
    task: Task,
    on_progress: OnProgress,
) -> None:
    """Write all images of the split; InputError when too many of them are lost."""
    for images, items in split_batches(
        con,
        totals,
        landmarks=task == "pose",
        polygons=task == "segmentation",
        on_progress=on_progress,
    ):
        writer.write(images, items)
    lost = writer.counts.images_left_out[BROKEN]
    if loses_too_many(lost, writer.counts.images + lost):
        raise InputError(
            f"{lost:,} pictures of {totals.dataset} {totals.split} cannot be read any more, so "
            "nothing is written."
        )
    if not writer.counts.images:
        raise InputError(
            f"{totals.dataset} {totals.split} has no pictures that could be read: ingest with the "
            "pictures."
        )


def _replace_folders(output: Path, partial: Path, subset: str) -> None:
    # Ultralytics keeps the parsed labels here, and compares only the sizes of files.
    (output / "labels" / f"{subset}.cache").unlink(missing_ok=True)
    for kind in ("images", "labels"):
        target = output / kind / subset
        target.parent.mkdir(exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        (partial / kind).rename(target)


def _keys(categories: pa.Table, landmarks: int, task: Task) -> dict[str, Any]:
    """The keys of data.yaml that follow from the categories: names, and the shape of key points."""
    names = {row["category_id"]: row["category_name"] for row in categories.to_pylist()}
    keys: dict[str, Any] = {"names": list(names.values())}
    if task == "pose":
        keys["kpt_shape"] = [landmarks, 3]
        keys["flip_idx"] = swapped_landmarks(categories, landmarks)
    return keys


def _require_annotations(totals: ExportTotals, task: Task) -> None:
    counts = {"pose": totals.landmarks, "segmentation": totals.polygons}
    require_annotations(f"{totals.dataset} {totals.split}", task, counts.get(task, totals.items))

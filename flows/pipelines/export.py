"""A release to files in other people's formats: the lake asked, the answers handed to a writer."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.coco.layout import CocoOptions
from flows.exports.coco.writer import CocoCounts, write_coco
from flows.exports.lists import information
from flows.exports.slices import AnnotationBatch
from flows.lake import Release
from flows.pipelines.slices import SplitTotals, split_batches, split_totals
from flows.storage.atomic import atomic_write
from flows.warehouse import Warehouse, open_warehouse, run_query, stream_query
from schemas.errors import InputError

Progress = Callable[[int, int], None]
"""Told how many images are done, and of how many."""


def export_coco(
    release: Release,
    dataset: str,
    *,
    split: str,
    output: Path,
    options: CocoOptions,
    allow_unknown_size: bool = False,
    progress: Progress | None = None,
) -> CocoCounts:
    """Write the annotated images of a split as one COCO file; it is there whole or not at all.

    COCO wants every image's width and height. Where pictures were missing at ingest these are
    unknown, which is an InputError unless `allow_unknown_size` leaves them out.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with open_warehouse(release.tables()) as con:
        totals = split_totals(con, dataset, split)
        _refuse_what_is_not_there(totals, options, allow_unknown_size)
        wanted = {"dataset": dataset, "split": split}
        with atomic_write(output) as sink:
            return write_coco(
                sink,
                run_query(con, "coco_categories", {"dataset": dataset}),
                images=stream_query(con, "coco_images", wanted),
                slices=_told(con, totals, options, progress),
                options=options,
                outlined=totals.polygons > 0,
            )


def export_information(
    release: Release,
    dataset: str,
    *,
    split: str,
    output: Path,
    files: Sequence[str] = (),
    allow_unknown_size: bool = False,
) -> dict[str, int]:
    """Write the authors' lists of a split into the folder `output`; records by file name.

    `files` picks among `keypoints`, `consumer`, `shop`, `query` and `gallery`; InputError when
    one that was asked for would be empty. Without it, all that would not be empty are written.
    """
    for kind in files:
        if kind not in information.FILES:
            raise InputError(f"there is no list {kind!r}; there are {', '.join(information.FILES)}")
    output.mkdir(parents=True, exist_ok=True)
    written = {}
    with open_warehouse(release.tables()) as con:
        for kind in files or information.FILES:
            rows = _list_rows(con, dataset, split, kind)
            if not rows.num_rows:
                if files:
                    raise InputError(f"{dataset} {split} has nothing to list in {kind}.")
                continue
            if "width" in rows.schema.names and not allow_unknown_size:
                unknown = max(rows["width"].null_count, rows["height"].null_count)
                _refuse_unknown_size(f"{dataset} {split}", unknown, rows.num_rows)
            name = information.file_name(kind, split)
            with atomic_write(output / name) as sink:
                if kind == "query":
                    written[name] = information.write_queries(sink, [rows])
                elif kind == "gallery":
                    written[name] = information.write_gallery(sink, [rows])
                else:
                    categories = run_query(con, "coco_categories", {"dataset": dataset})
                    written[name] = information.write_image_list(sink, categories, [rows])
    if not written:
        raise InputError(f"the release has no images of {dataset} {split}.")
    return written


def _list_rows(con: Warehouse, dataset: str, split: str, kind: str) -> pa.Table:
    """The rows of one of the authors' lists: images, consumers' items or shops' items."""
    if kind in ("query", "gallery"):
        name = {"query": "retrieval_queries", "gallery": "retrieval_gallery"}[kind]
        own = (pc.field("dataset") == dataset) & (pc.field("split") == split)
        batches = stream_query(con, name)
        kept = [pa.Table.from_batches([batch]).filter(own) for batch in batches]
        return pa.concat_tables([batches.schema.empty_table(), *kept])
    source = {"consumer": "user", "shop": "shop"}.get(kind, "any")
    wanted = {"dataset": dataset, "split": split, "source": source}
    return run_query(con, "information_images", wanted)


def _told(
    con: Warehouse,
    totals: SplitTotals,
    options: CocoOptions,
    progress: Progress | None,
) -> Iterator[AnnotationBatch]:
    done = 0
    for images, one in split_batches(
        con,
        totals.dataset,
        totals.split,
        landmarks=options.landmarks,
        polygons=options.outlines,
    ):
        yield one
        done += images.num_rows
        if progress:
            progress(done, totals.images)


def _refuse_what_is_not_there(
    totals: SplitTotals, options: CocoOptions, allow_unknown_size: bool
) -> None:
    which = f"{totals.dataset} {totals.split}"
    if not allow_unknown_size:
        _refuse_unknown_size(which, totals.without_size, totals.images)
    for task, count in (("landmarks", totals.landmarks), ("segmentation", totals.polygons)):
        if options.task == task and not count:
            raise InputError(f"{which} has no annotations for the task {task}.")


def _refuse_unknown_size(which: str, unknown: int, images: int) -> None:
    if unknown:
        raise InputError(
            f"{unknown:,} of {images:,} images of {which} have no known width and height, because "
            "their pictures were not there: ingest with the pictures, or export with "
            "--allow-unknown-size to leave both out."
        )

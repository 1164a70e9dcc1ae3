"""A release to files in other people's formats: the lake asked, the answers handed to a writer."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from flows.exports.coco import CocoCounts, write_coco
from flows.exports.coco_layout import CocoOptions
from flows.exports.slices import Slice
from flows.lake import Release
from flows.pipelines.slices import SplitTotals, split_slices, split_totals
from flows.storage.atomic import write_whole
from flows.warehouse import open_warehouse, run_query, stream_query
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
    with open_warehouse(release.tables()) as con:
        totals = split_totals(con, dataset, split)
        _refuse_what_is_not_there(totals, options, allow_unknown_size)
        wanted = {"dataset": dataset, "split": split}
        with write_whole(output) as sink:
            return write_coco(
                sink,
                run_query(con, "coco_categories", {"dataset": dataset}),
                images=stream_query(con, "coco_images", wanted),
                slices=_told(con, totals, options, progress),
                options=options,
                outlined=totals.polygons > 0,
            )


def _told(
    con: duckdb.DuckDBPyConnection,
    totals: SplitTotals,
    options: CocoOptions,
    progress: Progress | None,
) -> Iterator[Slice]:
    done = 0
    for images, one in split_slices(
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
    if totals.without_size and not allow_unknown_size:
        raise InputError(
            f"{totals.without_size:,} of {totals.images:,} images of {which} have no known width "
            "and height, because their pictures were not there: ingest with the pictures, or "
            "export with --allow-unknown-size to leave both out."
        )
    for task, count in (("landmarks", totals.landmarks), ("segmentation", totals.polygons)):
        if options.task == task and not count:
            raise InputError(f"{which} has no annotations for the task {task}.")

"""A release as a page to look at: its tables asked, its pictures fetched, handed to the writer."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from flows.exports.drawing.annotated import AnnotatedPicture, ImageKey
from flows.exports.report import (
    ReleaseFacts,
    ReportContent,
    mean_pictures,
    require_plots,
    write_report,
)
from flows.lake import Lake
from flows.pipelines.pictures import PictureReader, annotated_pictures
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.query import table_rows, verdict_rows
from flows.warehouse import (
    Warehouse,
    open_warehouse,
    queries,
    read_table,
    run_checks,
    run_query,
    stream_query,
)
from schemas.datasets import DATASETS

SAMPLES = 6
"""Annotated pictures shown of each data set with landmarks."""

PAIRS = 3
"""Pairs shown, those with most in them first."""

PICTURES_OF_A_PAIR = 12

REJECTIONS = 20

STEPS = ("statistics", "checks", "pictures", "page")


def make_report(
    lake: Path, release: str | None, *, output: Path, on_progress: OnProgress = no_progress
) -> str | None:
    """Write the report of a release to `output`; why pictures are missing in it, if any are.

    Samples are chosen by md5 of their keys: the same release gives the same page. InputError when
    the `[report]` extra is not installed.
    """
    require_plots()
    chosen = Lake(lake).release(release)
    manifest = chosen.manifest
    with open_warehouse(chosen.tables()) as con:
        statistics = {one.name: read_table(con, one.name) for one in queries("statistics")}
        on_progress(STEPS[0], 1, len(STEPS))
        verdicts = verdict_rows(run_checks(con))
        on_progress(STEPS[1], 2, len(STEPS))
        rejections = read_table(con, "rejections", limit=REJECTIONS)
        shelf = PictureReader(chosen)
        content = ReportContent(
            release=ReleaseFacts(
                release=chosen.id,
                created=f"{manifest.created:%Y-%m-%d %H:%M:%S} UTC",
                content=manifest.content,
                parent=manifest.parent,
                changes=manifest.changes.sentence,
                versions=manifest.versions,
                inputs=manifest.inputs,
                parameters=manifest.parameters,
                tables=table_rows(manifest),
            ),
            statistics=statistics,
            checks=verdicts,
            rejections=rejections,
            samples=annotated_pictures(
                con, shelf, _keys(run_query(con, "sample_images", {"most": SAMPLES}))
            ),
            pairs=list(_pair_sheets(con, shelf)),
            mean_pictures={
                name: mean_pictures(stream_query(con, "class_pictures", {"dataset": name}))
                for name, dataset in DATASETS.items()
                if dataset.picture_size
            },
        )
    on_progress(STEPS[2], 3, len(STEPS))
    write_report(output, content)
    on_progress(STEPS[3], 4, len(STEPS))
    return shelf.missing


def _keys(rows: pa.Table) -> list[ImageKey]:
    names = ("dataset", "split", "image_id")
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))


def _pair_sheets(con: Warehouse, shelf: PictureReader) -> Iterator[list[AnnotatedPicture]]:
    """The pictures of a few pairs, each pair by itself."""
    for pair in run_query(con, "sample_pairs", {"most": PAIRS}).to_pylist():
        image = {name: pair[name] for name in ("dataset", "split", "image_id")}
        keys = _keys(run_query(con, "pair_images", {**image, "most": PICTURES_OF_A_PAIR}))
        yield annotated_pictures(con, shelf, keys)

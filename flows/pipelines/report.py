"""Report of a release: runs its statistics and checks, reads some pictures, writes the page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from flows.exports.drawing.annotated import AnnotatedPicture
from flows.exports.report import (
    ReportContent,
    Statistic,
    altair,
    mean_pictures,
    write_report,
)
from flows.lake import LakeReleases, open_lake
from flows.pipelines.pictures import PictureReader, annotated_pictures, image_keys
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.query import table_rows, verdict_rows
from flows.pipelines.releases import diff_releases
from flows.pipelines.report_scores import scored_predictions
from flows.release import Release
from flows.storage.place import Place
from flows.warehouse import (
    Query,
    Verdict,
    Warehouse,
    open_warehouse,
    queries,
    read_table,
    run_checks,
    run_query,
    stream_query,
)
from schemas.datasets import DATASETS
from schemas.errors import InputError

SAMPLES = 6
"""Annotated pictures shown of each data set with landmarks."""

PAIRS = 3
"""Pairs shown, the largest first."""

PICTURES_OF_A_PAIR = 12

REJECTIONS = 20

STEPS = ("statistics", "checks", "pictures", "page")


def make_report(
    lake: str | Place,
    release: str | None,
    *,
    output: Path,
    scores: Sequence[Path] = (),
    details: Sequence[Path] = (),
    predictions: Sequence[Path] = (),
    on_progress: OnProgress = no_progress,
) -> str | None:
    """Write the report of a release to `output`. Returns why pictures are missing, if any are.

    Samples are chosen by md5 of their keys: the same release gives the same page. `scores`,
    `details` and `predictions` are files of evaluations against it. InputError for other files,
    MissingExtra when the `[report]` extra is not installed.
    """
    altair()  # before any work: it may be missing
    opened = open_lake(lake)
    chosen = opened.release(release)
    reader = PictureReader(chosen)
    with open_warehouse(chosen.tables()) as con:
        scored = scored_predictions(
            con, reader, chosen, scores=scores, details=details, predictions=predictions
        )
        statistics = {
            query.name: statistic(query, read_table(con, query.name))
            for query in queries("statistics")
        }
        on_progress(STEPS[0], 1, len(STEPS))
        verdicts = run_checks(con, settings=chosen.manifest.parameters.get("pairs"))
        on_progress(STEPS[1], 2, len(STEPS))
        differences, check_differences = _differences(opened, chosen, verdicts)
        rejections = read_table(con, "rejections", limit=REJECTIONS)
        content = ReportContent(
            manifest=chosen.manifest,
            tables=table_rows(chosen.manifest),
            statistics=statistics,
            checks=verdict_rows(verdicts),
            rejections=rejections,
            differences=differences,
            check_differences=check_differences,
            samples=annotated_pictures(
                con, reader, image_keys(run_query(con, "sample_images", {"most": SAMPLES}))
            ),
            pairs=list(_pair_sheets(con, reader)),
            mean_pictures={
                name: mean_pictures(stream_query(con, "class_pictures", {"dataset": name}))
                for name, dataset in DATASETS.items()
                if dataset.picture_size
            },
            scored=scored,
        )
    on_progress(STEPS[2], 3, len(STEPS))
    write_report(output, content)
    on_progress(STEPS[3], 4, len(STEPS))
    return reader.missing


def statistic(query: Query, rows: pa.Table) -> Statistic:
    """The rows of a query with its header, as the report takes them."""
    return Statistic(
        query.name,
        query.title,
        query.prose,
        query.columns,
        query.units,
        query.plots,
        rows,
        query.units_if,
    )


def _differences(
    lake: LakeReleases, release: Release, verdicts: Sequence[Verdict]
) -> tuple[pa.Table, pa.Table] | tuple[None, None]:
    """Rows by table and split, and checks, that differ from the parent; None without a parent."""
    try:
        parent = lake.release(release.manifest.parent) if release.manifest.parent else None
    except InputError:
        parent = None  # deleted meanwhile
    if parent is None:
        return None, None
    numbers = ("added", "removed", "changed")
    rows = diff_releases(lake.root, parent.id, release.id)
    rows = rows.group_by(["table", "dataset", "split"], use_threads=False).aggregate(
        [(name, "sum") for name in numbers]
    )
    before = {record["check"]: record["rows"] for record in parent.manifest.checks}
    checks = [
        {"check": v.name, "before": before[v.name], "now": v.rows, "finds": v.title}
        for v in verdicts
        if v.name in before and v.rows != before[v.name]
    ]
    return rows.rename_columns(["table", "dataset", "split", *numbers]), pa.Table.from_pylist(
        checks
    )


def _pair_sheets(con: Warehouse, reader: PictureReader) -> Iterator[list[AnnotatedPicture]]:
    """The pictures of a few pairs, a list for each pair."""
    for pair in run_query(con, "sample_pairs", {"most": PAIRS}).to_pylist():
        image = {name: pair[name] for name in ("dataset", "split", "image_id")}
        keys = image_keys(run_query(con, "pair_images", {**image, "most": PICTURES_OF_A_PAIR}))
        yield annotated_pictures(con, reader, keys)

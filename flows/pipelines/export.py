"""Export a split as a COCO file or the authors' lists, or a release as a DuckDB file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.coco.layout import CocoOptions
from flows.exports.coco.writer import CocoCounts, write_coco
from flows.exports.lists import author_lists
from flows.pipelines.progress import OnProgress, no_progress
from flows.pipelines.selected_rows import SelectedRows
from flows.pipelines.slices import (
    ExportTotals,
    export_totals,
    restrict_to_part,
    split_batches,
)
from flows.release import Release, require_annotations
from flows.storage.atomic import atomic_path, atomic_write
from flows.warehouse import (
    Warehouse,
    open_warehouse,
    run_query,
    stream_query,
    write_database,
)
from schemas.errors import InputError


def export_coco(
    release: Release,
    dataset: str,
    *,
    split: str,
    output: Path,
    options: CocoOptions,
    allow_unknown_size: bool = False,
    fold: str | None = None,
    selected: SelectedRows | None = None,
    on_progress: OnProgress = no_progress,
) -> CocoCounts:
    """Write the annotated images of a split, or of a fold of it, as one COCO file, or nothing.

    Of `selected` images all items are written, and `info` of the file has the selection.

    COCO needs the width and height of every image. They are unknown where pictures were missing at
    ingest: an InputError, unless `allow_unknown_size` leaves them out.
    """
    release.require_split(dataset, split)
    with open_warehouse(release.tables()) as con:
        restrict_to_part(con, dataset, split, fold, selected and selected.keys)
        totals = export_totals(con, dataset, split)
        _require_annotations(totals, options, allow_unknown_size)
        parameters = {"dataset": dataset, "split": split}
        with atomic_write(output) as sink:
            return write_coco(
                sink,
                run_query(con, "coco_categories", {"dataset": dataset}),
                images=stream_query(con, "coco_images", parameters),
                items=_batches(con, totals, options, on_progress),
                options=options,
                outlined=totals.polygons > 0,
                info=selected.description(dataset, split) if selected else None,
            )


def export_information(
    release: Release,
    dataset: str,
    *,
    split: str,
    output: Path,
    files: Sequence[str] = (),
    allow_unknown_size: bool = False,
    fold: str | None = None,
) -> dict[str, int]:
    """Write the authors' lists of a split, or of a fold of it, into `output`; records by file name.

    `files` are some of `keypoints`, `consumer`, `shop`, `query` and `gallery`; InputError when one
    of them has no records. Without `files` all lists with records are written.
    """
    for kind in files:
        if kind not in author_lists.FILES:
            raise InputError(
                f"unknown list {kind!r}; the lists are {', '.join(author_lists.FILES)}"
            )
    release.require_split(dataset, split)
    output.mkdir(parents=True, exist_ok=True)
    written = {}
    with open_warehouse(release.tables()) as con:
        restrict_to_part(con, dataset, split, fold)
        categories = run_query(con, "coco_categories", {"dataset": dataset})
        for kind in files or author_lists.FILES:
            rows = _list_rows(con, dataset, split, kind)
            if not rows.num_rows:
                if files:
                    raise InputError(f"{dataset} {split} has nothing to list in {kind}.")
                continue
            if "width" in rows.schema.names and not allow_unknown_size:
                unknown = max(rows["width"].null_count, rows["height"].null_count)
                _require_sizes(f"{dataset} {split}", unknown, rows.num_rows)
            name = author_lists.file_name(kind, split)
            with atomic_write(output / name) as sink:
                written[name] = author_lists.write_author_list(sink, kind, rows, categories)
    if not written:
        raise InputError(f"the release has no images of {dataset} {split}.")
    return written


def export_duckdb(
    release: Release,
    output: Path,
    *,
    copy: bool = False,
    replace: bool = False,
    on_progress: OnProgress = no_progress,
) -> None:
    """Write a DuckDB file of the release, whole or not at all: tables, views and macros.

    The tables are views over the files of the release, at their absolute paths, or with `copy`
    tables inside the file. InputError when `output` exists, unless `replace`, and for a path of the
    release that a view cannot contain.
    """
    if output.exists() and not (replace and output.is_file()):
        raise InputError(f"{output} exists: name another file, or replace a file with --replace.")
    log = output.with_name(f"{output.name}.wal")
    if log.exists():
        # DuckDB would apply what it contains to the new file.
        raise InputError(f"{output} is open in another program, or was not closed: {log} exists.")
    with atomic_path(output) as partial:
        write_database(
            release.tables(), partial, copy=copy, origin=release.id, on_progress=on_progress
        )


def _list_rows(con: Warehouse, dataset: str, split: str, kind: str) -> pa.Table:
    """The rows of one of the authors' lists: images, consumers' items or shops' items."""
    if kind in ("query", "gallery"):
        name = {"query": "retrieval_queries", "gallery": "retrieval_gallery"}[kind]
        in_split = (pc.field("dataset") == dataset) & (pc.field("split") == split)
        batches = stream_query(con, name)
        tables = [pa.Table.from_batches([batch]).filter(in_split) for batch in batches]
        return pa.concat_tables([batches.schema.empty_table(), *tables])
    source = {"consumer": "user", "shop": "shop"}.get(kind, "any")
    parameters = {"dataset": dataset, "split": split, "source": source}
    return run_query(con, "information_images", parameters)


def _batches(
    con: Warehouse,
    totals: ExportTotals,
    options: CocoOptions,
    on_progress: OnProgress,
) -> Iterator[pa.Table]:
    for _, items in split_batches(
        con,
        totals,
        landmarks=options.landmarks,
        polygons=options.outlines,
        on_progress=on_progress,
    ):
        yield items


def _require_annotations(
    totals: ExportTotals, options: CocoOptions, allow_unknown_size: bool
) -> None:
    which = f"{totals.dataset} {totals.split}"
    if not allow_unknown_size:
        _require_sizes(which, totals.without_size, totals.images)
    for task, count in (("landmarks", totals.landmarks), ("segmentation", totals.polygons)):
        if options.task == task:
            require_annotations(which, task, count)


def _require_sizes(which: str, unknown: int, images: int) -> None:
    if unknown:
        raise InputError(
            f"{unknown:,} of {images:,} images of {which} have no known width and height, because "
            "their pictures were missing: ingest with the pictures, or export with "
            "--allow-unknown-size to leave both out."
        )

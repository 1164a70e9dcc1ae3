"""Scored predictions of a report: files of scores, details and predictions -> what it shows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.report import ScoredPredictions
from flows.metrics.curves import RECALLS, THRESHOLDS, precision_recall, ranked_detections
from flows.metrics.worst import confusion, whole_split
from flows.pipelines.details import read_details
from flows.pipelines.evaluate import with_published
from flows.pipelines.evaluation import Origin
from flows.pipelines.pictures import PictureReader
from flows.pipelines.score_files import of_release, read_scores
from flows.pipelines.worst_drawings import (
    Drawings,
    Painter,
    largest_point_errors,
    missed_queries,
    worst_detections,
)
from flows.predictions import predictions_by_sha256, unchanged_predictions
from flows.release import Release
from flows.warehouse import Warehouse
from schemas.categories import CATEGORIES
from schemas.details import CLASS_DETAILS, POINT_DETAILS, PRECISION_DETAILS, RETRIEVAL_DETAILS
from schemas.errors import InputError
from schemas.scores import ALL

CURVES = (0, 5)
"""Places in THRESHOLDS of the overlaps that have curves: 0.50 and 0.75."""

NO_PREDICTION = "none"

DRAWINGS: dict[str, Callable[[Painter, pa.Table], Drawings]] = {
    PRECISION_DETAILS.name: worst_detections,
    POINT_DETAILS.name: largest_point_errors,
    RETRIEVAL_DETAILS.name: missed_queries,
}
"""What draws the worst items, by the table of details."""


def scored_predictions(
    con: Warehouse,
    reader: PictureReader,
    release: Release,
    *,
    scores: Sequence[Path],
    details: Sequence[Path],
    predictions: Sequence[Path],
) -> list[ScoredPredictions]:
    """What the files have, by what was scored. Raises InputError for files that do not fit."""
    parts = {origin: report_tables(table) for origin, table in read_scores(scores, release).items()}
    with unchanged_predictions(predictions):
        _add_details(parts, con, reader, release, details, predictions)
    return [
        ScoredPredictions(
            origin.task,
            origin.dataset,
            origin.split,
            origin.predictions_sha256,
            origin.kernel,
            **part,
        )
        for origin, part in parts.items()
    ]


def _add_details(
    parts: dict[Origin, dict[str, Any]],
    con: Warehouse,
    reader: PictureReader,
    release: Release,
    details: Sequence[Path],
    predictions: Sequence[Path],
) -> None:
    """Add the curves, the confused categories and the worst items of files of details."""
    files = predictions_by_sha256(predictions)
    used: set[Path] = set()
    for path in details:
        file = read_details(path)
        origin, name, rows = of_release(path, file.origin, release), file.table.name, file.rows
        part = parts.setdefault(origin, {})
        if name == PRECISION_DETAILS.name:
            part["curves"] = _curves(whole_split(rows), _names(origin.dataset))
        elif name == CLASS_DETAILS.name:
            part["confusion"] = confusion(rows, _names(origin.dataset), NO_PREDICTION)
        used |= set(files.get(origin.predictions_sha256, ()))
        if name in DRAWINGS and origin.predictions_sha256 not in files:
            part["notes"] = ["The worst items are drawn where --predictions has the files."]
        elif name in DRAWINGS:
            own = files[origin.predictions_sha256]
            part["worst"] = DRAWINGS[name](Painter(con, reader, origin, own), rows)
    if unused := [path for path in predictions if path not in used]:
        raise InputError(f"{unused[0]}: no file of --details is about these predictions")


def report_tables(scores: pa.Table) -> dict[str, Any]:
    """The rows, a table of those over everything, and one of all where there are others."""
    is_whole = pc.and_(pc.equal(scores["attribute"], ALL), pc.equal(scores["category"], ALL))
    summary = scores.filter(is_whole)
    return {
        "scores": scores.to_pylist(),
        "summary": with_published(summary),
        "table": with_published(scores) if len(summary) < len(scores) else None,
    }


def _names(dataset: str) -> dict[int, str]:
    return {category.category_id: category.name for category in CATEGORIES[dataset]}


def _curves(rows: pa.Table, names: dict[int, str]) -> list[dict[str, Any]]:
    """Precision at RECALLS of each category with items, for the thresholds of CURVES."""
    curves = []
    for number, name in names.items():
        part = rows.filter(pc.equal(rows["category_id"], number))
        if not pc.sum(part["truths"]).as_py():
            continue
        precision = precision_recall(ranked_detections(part))[0]
        curves += [
            {
                "category": name,
                "threshold": f"{THRESHOLDS[place]:.2f}",
                "recall": round(float(recall), 2),
                "precision": round(float(precision[place, at]), 4),
            }
            for place in CURVES
            for at, recall in enumerate(RECALLS)
        ]
    return curves

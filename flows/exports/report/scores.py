"""Sections of scored predictions: scores next to published ones, plots, and the worst items."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from flows.exports.drawing.canvas import NEUTRAL
from flows.exports.drawing.contact_sheet import contact_sheet
from flows.exports.drawing.image import TRUTH, draw_annotations
from flows.exports.report.blocks import Block, details, grid, paragraph, picture_block, table_block
from flows.exports.report.content import Drawing, ScoredPredictions, Section
from flows.exports.report.plots import plot_block
from schemas.datasets import DATASETS
from schemas.scores import ALL

_PLOTTED = {
    "detection": "AP",
    "segmentation": "AP",
    "landmarks": "AP_visible|AP_visible_occluded|NE",
    "retrieval": "top-(1|20)(_.*)?",
    "classification": "precision|recall",
}
"""The metrics of each task that have plots, as regular expressions; the tables have all."""

_COLOURS = (
    "Solid blue lines are the truth, grey where a drawing is about another item; dashed orange "
    "lines and crosses are predictions, each with its score."
)


def scored_predictions(scored: ScoredPredictions) -> Section:
    """The section of one evaluation: what there is of scores, curves, confusions and drawings."""
    blocks: list[Block] = []
    if scored.summary is not None:
        blocks.append(table_block(scored.summary, "Scores"))
    if plots := list(_plots(scored)):
        blocks.append(grid(plots))
    if scored.table is not None:
        blocks.append(details("All scores", table_block(scored.table, "All scores")))
    if scored.curves:
        blocks.append(_curves(scored.curves))
    if scored.confusion:
        blocks.append(_confusion(scored.confusion))
    for title, drawings in scored.worst.items():
        blocks.append(grid([_drawn(drawing) for drawing in drawings], width="gallery", title=title))
    blocks += [paragraph(note) for note in scored.notes]
    intro = (
        f"Predictions `{scored.predictions_sha256[:12]}`, scored by {scored.kernel} against the "
        "annotations of this release. What each metric means: wardrobe help scores."
    )
    return Section(
        "Scores",
        f"scores-{scored.task}-{scored.dataset}-{scored.split}-{scored.predictions_sha256[:12]}",
        f"{scored.task.capitalize()}: {DATASETS[scored.dataset].title}, {scored.split}",
        f"{intro} {_COLOURS}" if scored.worst and scored.task != "retrieval" else intro,
        blocks,
    )


def _plots(scored: ScoredPredictions) -> Iterator[Block]:
    """A plot for each attribute that was scored and for the categories, by metric."""
    metrics = dict.fromkeys(row["metric"] for row in scored.scores)
    for metric in filter(re.compile(_PLOTTED[scored.task]).fullmatch, metrics):
        for attribute, column, part in _groups([r for r in scored.scores if r["metric"] == metric]):
            channels = {"x": "score", "y": column}
            if all(row["mode"] for row in part):
                channels["color"] = "mode"
            yield plot_block("bar", part, channels, title=f"{metric} by {attribute}")


def _groups(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Attribute, column of its values, and rows: of every attribute, then of categories."""
    rows = [row | {"score": round(row["score"], 3)} for row in rows if row["score"] is not None]
    for attribute in dict.fromkeys(row["attribute"] for row in rows if row["attribute"] != ALL):
        part = [row for row in rows if row["attribute"] == attribute and row["category"] == ALL]
        if part:
            yield attribute.replace("_", " "), "value", part
    part = [row for row in rows if row["attribute"] == ALL and row["category"] != ALL]
    if part:
        yield "category", "category", part


def _curves(rows: Sequence[dict[str, Any]]) -> Block:
    """Precision over recall, a plot for each category."""
    channels = {"x": "recall", "y": "precision", "color": "threshold"}
    names = dict.fromkeys(row["category"] for row in rows)
    plots = [
        plot_block("line", [row for row in rows if row["category"] == name], channels, title=name)
        for name in names
    ]
    title = "Precision over recall, by threshold of the overlap that makes a match"
    return grid(plots, width="narrow", title=title)


def _confusion(rows: Sequence[dict[str, Any]]) -> Block:
    """Pictures by category and predicted category, and the pairs that are confused most."""
    wrong = sorted(
        (row for row in rows if row["predicted"] != row["category"] and row["images"]),
        key=lambda row: (-row["images"], row["category"], row["predicted"]),
    )
    channels = {"x": "predicted", "y": "category", "color": "images"}
    blocks = [plot_block("matrix", rows, channels, title="Images by predicted category")]
    if wrong:
        blocks.append(table_block(pa.Table.from_pylist(wrong[:10]), "Most confused categories"))
    return grid(blocks, title="Confusions")


def _drawn(drawing: Drawing) -> Block:
    """A picture with truth and predictions, or a sheet of several."""
    if len(drawing.pictures) > 1:
        sheet = contact_sheet(drawing.pictures, columns=6)
        return picture_block(sheet, drawing.caption, wide=len(drawing.pictures) > 2)
    (picture,) = drawing.pictures
    colours = {
        item.item_no: TRUTH if drawing.item_no in (None, item.item_no) else NEUTRAL
        for item in picture.items
    }
    drawn = draw_annotations(
        picture, side=600, legend=False, weight=1.6, letters=20, colours=colours
    )
    return picture_block(drawn, drawing.caption)

"""Drawings of the worst items of an evaluation: what was missed, found wrongly, or far off."""

from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from flows.exports.drawing.annotated import AnnotatedItem, AnnotatedPicture, PredictedItem
from flows.exports.drawing.image import prediction_label
from flows.exports.report import Drawing
from flows.metrics.precision_details import box_overlap
from flows.metrics.worst import (
    false_positives,
    largest_errors,
    missed_items,
    whole_split,
    worst_queries,
)
from flows.pipelines.evaluation import Origin
from flows.pipelines.pictures import PictureReader, annotated_pictures
from flows.pipelines.predicted_items import Predictions, first_of_lists, predicted_items
from flows.warehouse import Warehouse, read_matching
from schemas.errors import InputError

DRAWN = 6
"""Drawings of each kind."""

CANDIDATES = 60
"""Wrong detections that are searched for those with a wrong category."""

MIN_SCORE = 0.3
"""Predictions around a missed item are drawn from this score."""

SHOPS = 2
"""Shops' pictures of the item of a query next to it."""

RANKED = 3
"""Entries of the list of a query next to it."""

MISSED = "Missed items, the largest first"
CONFUSED = "Wrong category, the highest scores first"
OTHERS = "Other false positives, the highest scores first"

OTHER_PARTS: dict[str, dict[str, Any]] = {
    "detection": {"landmarks": (), "edges": (), "polygons": ()},
    "segmentation": {"landmarks": (), "edges": ()},
    "landmarks": {"polygons": ()},
    "retrieval": {"landmarks": (), "edges": (), "polygons": ()},
}
"""The parts of items that are not drawn: those that predictions of a task do not have."""

Drawings = dict[str, Sequence[Drawing]]


class Painter:
    """Pictures of what was scored, and the predictions for them from their files."""

    def __init__(
        self, con: Warehouse, reader: PictureReader, origin: Origin, paths: Sequence[Path]
    ) -> None:
        self._con, self._reader, self._task = con, reader, origin.task
        self._dataset, self._split, self._paths = origin.dataset, origin.split, paths

    def predictions(self, image_ids: Set[int]) -> Predictions:
        """The predictions for these images."""
        place = (self._dataset, self._split)
        return predicted_items(self._con, self._task, *place, self._paths, image_ids)

    def lists(self, rows: Set[int]) -> dict[int, list[tuple[int, PredictedItem]]]:
        """The first images and boxes in the lists of these records of retrieval."""
        return first_of_lists(self._paths, rows, RANKED)

    def pictures(self, image_ids: Set[int]) -> dict[int, AnnotatedPicture]:
        """The pictures by image_id, with the parts of their items that the task predicts.

        Raises InputError for an image that is absent.
        """
        keys = [(self._dataset, self._split, number) for number in image_ids]
        absent_parts = OTHER_PARTS.get(self._task, {})
        pictures = {
            picture.image_id: replace(
                picture, items=tuple(replace(item, **absent_parts) for item in picture.items)
            )
            for picture in annotated_pictures(self._con, self._reader, keys)
        }
        if absent := image_ids - pictures.keys():
            raise InputError(
                f"details are of image {min(absent)}, which {self._dataset} {self._split} lacks"
            )
        return pictures

    def largest(self, items: pa.Table) -> list[dict[str, Any]]:
        """The rows of `items` (image_id, item_no) whose boxes are the largest."""
        count = len(items)
        keys = items.append_column("dataset", pa.repeat(self._dataset, count))
        keys = keys.append_column("split", pa.repeat(self._split, count))
        rows = read_matching(self._con, "items", keys).to_pylist()
        rows = [row for row in rows if row["x1"] is not None]
        rows.sort(key=lambda row: -(row["x2"] - row["x1"]) * (row["y2"] - row["y1"]))
        return rows[:DRAWN]

    def counterparts(self, image_id: int, item_no: int) -> list[int]:
        """The shops' images with the item of a query."""
        key = {
            "dataset": self._dataset,
            "split": self._split,
            "pair_kind": "positive",
            "user_image_id": image_id,
            "user_item_no": item_no,
        }
        rows = read_matching(self._con, "pairs", pa.Table.from_pylist([key]))
        return rows["shop_image_id"].unique().to_pylist()[:SHOPS]


def worst_detections(painter: Painter, details: pa.Table) -> Drawings:
    """The largest missed items, and the surest detections of a wrong category or of nothing."""
    rows = whole_split(details)
    missed = painter.largest(missed_items(rows))
    wrong = false_positives(rows, CANDIDATES)
    ids = {row["image_id"] for row in (*missed, *wrong)}
    predicted, pictures = painter.predictions(ids), painter.pictures(ids)
    drawings: dict[str, list[Drawing]] = {title: [] for title in (MISSED, CONFUSED, OTHERS)}
    for row in missed:
        own = predicted.get(row["image_id"], ())
        drawings[MISSED].append(_missed(pictures[row["image_id"]], row["item_no"], own))
    for row in wrong:
        picture = pictures[row["image_id"]]
        by_row = {item.row: item for item in predicted.get(row["image_id"], ())}
        if row["row"] not in by_row:
            raise InputError(f"the predictions lack record {row['row']}, which details are of")
        prediction = by_row[row["row"]]
        is_confused, finding = _finding(prediction, picture.items)
        group = drawings[CONFUSED if is_confused else OTHERS]
        if len(group) < DRAWN:
            caption = f"{_place(picture)}: {prediction_label(prediction)}, {finding}"
            group.append(Drawing([replace(picture, predictions=(prediction,))], caption))
    return {title: group for title, group in drawings.items() if group}


def largest_point_errors(painter: Painter, details: pa.Table) -> Drawings:
    """The images whose points are the farthest from the truth."""
    rows = largest_errors(details, DRAWN)
    ids = {row["image_id"] for row in rows}
    predicted, pictures = painter.predictions(ids), painter.pictures(ids)
    drawn = []
    for row in rows:
        picture = pictures[row["image_id"]]
        name = picture.items[0].category_name if picture.items else "no item"
        caption = (
            f"{_place(picture)}: {name}, mean error {row['error']:.3f} of {row['points']} points"
        )
        own = tuple(predicted.get(row["image_id"], ()))
        drawn.append(Drawing([replace(picture, predictions=own)], caption))
    return {"Images with the largest error": drawn}


def missed_queries(painter: Painter, details: pa.Table) -> Drawings:
    """Queries without a hit, or with a late one: what they should find, and what they found."""
    rows = worst_queries(details, DRAWN)
    lists = painter.lists({row["row"] for row in rows if row["row"]})
    drawn = []
    for row in rows:
        shops = painter.counterparts(row["image_id"], row["item_no"])
        entries = lists.get(row["row"], [])
        numbers = dict.fromkeys((row["image_id"], *shops, *(number for number, _ in entries)))
        pictures = painter.pictures(numbers.keys())
        query = pictures[row["image_id"]]
        for number, entry in entries:
            own = (*(pictures[number].predictions or ()), entry)
            # A style is a number within its pair_id: those of other products say nothing here.
            items = pictures[number].items if number in shops else ()
            pictures[number] = replace(pictures[number], predictions=own, items=items)
        result = f"found at rank {row['rank']}" if row["rank"] else row["outcome"]
        caption = f"{_place(query)}, item {row['item_no']}, style {row['style']}: {result}."
        if shops:
            caption += " On the right are shops' pictures of it."
        if entries:
            caption += f" Dashed: the first {len(entries)} of its list."
        drawn.append(Drawing([pictures[number] for number in numbers], caption))
    return {"Queries without a hit, then late ones": drawn}


def _missed(picture: AnnotatedPicture, item_no: int, own: Sequence[PredictedItem]) -> Drawing:
    """A picture with a missed item, and the predictions there that are sure enough."""
    (name,) = (item.category_name for item in picture.items if item.item_no == item_no)
    shown = tuple(p for p in own if p.score is None or p.score >= MIN_SCORE)
    around = ", ".join(map(prediction_label, shown)) or f"no prediction from {MIN_SCORE}"
    caption = f"{_place(picture)}: no prediction matches item {item_no}, {name}; drawn: {around}"
    return Drawing([replace(picture, predictions=shown)], caption, item_no)


def _finding(prediction: PredictedItem, items: Sequence[AnnotatedItem]) -> tuple[bool, str]:
    """Whether a wrong detection is of an item of another category, and what one sees there."""
    extent = prediction.extent
    overlaps = [
        (float(box_overlap(_sized(extent), _sized(item.box))[0]), item)
        for item in items
        if item.box and extent
    ]
    overlap, nearest = max(overlaps, key=lambda pair: pair[0], default=(0.0, None))
    if nearest is None or not overlap:
        return False, "where no item is annotated"
    name = f"item {nearest.item_no}, {nearest.category_name}"
    if overlap < 0.5:
        return False, f"the nearest box is that of {name}, IoU {overlap:.2f}"
    if nearest.category_name != prediction.category_name:
        return True, f"but it is {name}, IoU {overlap:.2f}"
    return False, f"not the match of {name}: another one is, or it is too far off"


def _sized(box: tuple[float, float, float, float]) -> np.ndarray:
    """Corners as the one row x, y, width, height."""
    x1, y1, x2, y2 = box
    return np.array([[x1, y1, x2 - x1, y2 - y1]], float)


def _place(picture: AnnotatedPicture) -> str:
    return f"{picture.split} {picture.image_id}"

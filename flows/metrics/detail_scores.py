"""Scores from details, for images that count several times: rows of schemas/details.py in.

Out come the scores that `evaluate` gives for these rows, in each bootstrap sample.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.metrics.bootstrap import Counts, Numbers, ratios
from flows.metrics.curves import (
    Integers,
    RankedDetections,
    found_by_image,
    precision_recall,
    ranked_detections,
)
from schemas.scores import ALL, RANKS
from schemas.vocabulary import ITEM_ATTRIBUTES

_ALL, _AT_50, _AT_75 = slice(None), slice(0, 1), slice(5, 6)

PRECISIONS = {"AP": _ALL, "AP50": _AT_50, "AP75": _AT_75}
"""Means of precision, by the thresholds they are over."""

ITEM_RECALLS = {"AR1": (1, _ALL), "AR10": (10, _ALL), "AR100": (100, _ALL)}
LANDMARK_RECALLS = {"AR": (20, _ALL), "AR50": (20, _AT_50), "AR75": (20, _AT_75)}
"""Means of recall, by how many detections of an image and which thresholds they are over."""

Flags = NDArray[np.bool_]


class Score(NamedTuple):
    """The columns of TASK_COLUMNS that say which score it is."""

    metric: str
    attribute: str = ALL
    value: str = ALL
    mode: str | None = None
    category: str = ALL


class Sampled(NamedTuple):
    """A score in each sample, NaN where it is not defined, and which images it is a mean over."""

    values: Numbers
    images: Flags


class Drawn(NamedTuple):
    """The images, sorted, and how often each sample draws them: `image_counts`."""

    image_ids: Integers
    counts: Counts


Scores = dict[Score, Sampled]


def precision_scores(rows: pa.Table, drawn: Drawn, names: Mapping[int, str]) -> Scores:
    """Average precision and recall of PRECISION_DETAILS, rows of one subset.

    Over the categories that have items in the sample and, where nothing is selected, of each.
    """
    subset = {name: rows[name][0].as_py() for name in ("attribute", "value", "mode")}
    landmarks = rows["landmarks"][0].as_py()
    suffix, recalls = (f"_{landmarks}", LANDMARK_RECALLS) if landmarks else ("", ITEM_RECALLS)
    ranked = {
        names[category]: ranked_detections(
            rows.filter(pc.field("category_id") == category), drawn.image_ids
        )
        for category in np.unique(rows["category_id"].to_numpy()).tolist()
    }
    ranked = {name: detections for name, detections in ranked.items() if detections.truths.any()}
    categories = {
        name: _category_scores(detections, drawn.counts, recalls)
        for name, detections in ranked.items()
    }
    has_items = {name: detections.truths > 0 for name, detections in ranked.items()}
    scores: Scores = {}
    for metric in (*PRECISIONS, *recalls):
        values = np.array([category[metric] for category in categories.values()])
        images = np.any(list(has_items.values()), axis=0)
        scores[Score(metric + suffix, **subset)] = Sampled(
            _mean(values.reshape(-1, len(drawn.counts))), images
        )
    if subset["attribute"] == ALL:
        for name, category in categories.items():
            for metric, values in category.items():
                score = Score(metric + suffix, **subset, category=name)
                scores[score] = Sampled(values, has_items[name])
    return scores


def _category_scores(
    detections: RankedDetections, counts: Counts, recalls: Mapping[str, tuple[int, slice]]
) -> dict[str, Numbers]:
    curves = precision_recall(detections, counts)
    scores = {name: curves[:, part].mean(axis=(1, 2)) for name, part in PRECISIONS.items()}
    images = np.flatnonzero(detections.truths)
    matches = np.stack([found_by_image(detections, *over) for over in recalls.values()], axis=1)
    truths = detections.truths[images, None].astype(np.float64)
    sampled = ratios(np.take(counts, images, axis=1), matches[images], truths)
    return scores | dict(zip(recalls, sampled.T, strict=True))


def _mean(values: Numbers) -> Numbers:
    """The mean over the first axis of what is not NaN; NaN where nothing is left."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis=0) / (~np.isnan(values)).sum(axis=0)


def retrieval_scores(rows: pa.Table, drawn: Drawn, names: Mapping[int, str]) -> Scores:
    """Top-k accuracy of RETRIEVAL_DETAILS: over all queries, by category and by attribute."""
    ranks = rows["rank"].fill_null(np.iinfo(np.int16).max).to_numpy()
    attributes = {name: name for name in ITEM_ATTRIBUTES}
    parts = [
        (Score(f"top-{rank}", **subset), selected, ranks <= rank)
        for subset, selected in _subsets(rows, names, attributes)
        for rank in RANKS
    ]
    return _means(parts, rows, drawn)


def point_scores(rows: pa.Table, drawn: Drawn, names: Mapping[int, str]) -> Scores:
    """Normalised error of POINT_DETAILS: over all points, by category and by landmark."""
    errors = rows["error"].to_numpy()
    subsets = _subsets(rows, names, {"landmark": "landmark_name"})
    return _means([(Score("NE", **subset), part, errors) for subset, part in subsets], rows, drawn)


def class_scores(rows: pa.Table, drawn: Drawn, names: Mapping[int, str]) -> Scores:
    """Accuracy of CLASS_DETAILS, precision and recall of each category; all rows are predicted."""
    category, predicted = (rows[name].to_numpy() for name in ("category_id", "predicted_id"))
    is_right = category == predicted
    parts = [(Score("accuracy"), np.ones(len(rows), bool), is_right)]
    for number, name in names.items():
        parts.append((Score("precision", category=name), predicted == number, is_right))
        parts.append((Score("recall", category=name), category == number, is_right))
    return _means(parts, rows, drawn)


def _subsets(
    rows: pa.Table, names: Mapping[int, str], attributes: Mapping[str, str]
) -> list[tuple[dict[str, str], Flags]]:
    """Columns of Score and which rows they select: all, each category, each value of a column."""
    subsets: list[tuple[dict[str, str], Flags]] = [({}, np.ones(len(rows), bool))]
    for attribute, column in {"category": "category_id", **attributes}.items():
        values = np.array(rows[column].to_pylist())
        for value in np.unique(values).tolist():
            subset = {"attribute": attribute, "value": value}
            if attribute == "category":
                subset = {"category": names[value]}
            subsets.append((subset, values == value))
    return subsets


def _means(parts: Iterable[tuple[Score, Flags, NDArray]], rows: pa.Table, drawn: Drawn) -> Scores:
    """The mean of some values over the rows that are selected, by score."""
    images, count = np.searchsorted(drawn.image_ids, rows["image_id"]), len(drawn.image_ids)
    scores, selections, values = zip(*parts, strict=True)
    pairs = zip(selections, values, strict=True)
    totals = [np.bincount(images[rows], value[rows], count) for rows, value in pairs]
    counted = [np.bincount(images[rows], minlength=count) for rows in selections]
    denominators = np.stack(counted, axis=1).astype(np.float64)
    sampled = ratios(drawn.counts, np.stack(totals, axis=1), denominators)
    return {
        score: Sampled(sampled[:, place], denominators[:, place] > 0)
        for place, score in enumerate(scores)
    }

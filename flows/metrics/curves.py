"""Precision over recall from details of average precision, for images that count several times.

Rows of PRECISION_DETAILS of one subset and category in, precision at the 101 recall points of
COCO and items found per image out. Bootstrap samples are counts of images: a detection of an image
that was drawn twice counts twice, so detections are sorted once for all samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.metrics.bootstrap import Counts, Numbers, image_counts

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Overlaps (IoU or OKS) from which a detection matches an item; bits 0 to 9 of the outcomes."""

RECALLS = np.linspace(0, 1, 101)
"""The recalls at which COCO averages precision."""

ELEMENTS = 1 << 17
"""Detections times samples that are computed at a time, to bound the memory."""

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class RankedDetections:
    """Detections of one category by falling score, and the number of its items by image.

    `images`, `ranks`, `matches` and `ignored` have a value for each detection: the place of its
    image, its own place among the detections of that image, both from 0, and the bits of DETECTION.
    `truths` has a value for each image.
    """

    images: Integers
    ranks: Integers
    matches: Integers
    ignored: Integers
    truths: Integers


def ranked_detections(rows: pa.Table, image_ids: Integers | None = None) -> RankedDetections:
    """Rank the detections of PRECISION_DETAILS, rows of one category and subset.

    `image_ids` are sorted and have every image that is drawn; without them, those of the rows.
    Detections of equal score have the order of their images, as in COCO.
    """
    rows = rows.select(["image_id", "truths", "detections"]).sort_by("image_id")
    if image_ids is None:
        image_ids = np.unique(rows["image_id"].to_numpy())
    row_images = np.searchsorted(image_ids, rows["image_id"].to_numpy())
    lists = rows["detections"].combine_chunks()
    lengths = pc.list_value_length(lists).to_numpy().astype(np.int64)
    detections = lists.flatten()
    scores, matches, ignored = (
        pc.struct_field(detections, name).to_numpy() for name in ("score", "found", "ignored")
    )
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    truths = np.zeros(len(image_ids), np.int64)
    truths[row_images] = rows["truths"].to_numpy()
    order = np.argsort(-scores, kind="stable")
    return RankedDetections(
        np.repeat(row_images, lengths)[order],
        (np.arange(len(first)) - first)[order],
        matches[order].astype(np.int64),
        ignored[order].astype(np.int64),
        truths,
    )


def precision_recall(detections: RankedDetections, counts: Counts | None = None) -> Numbers:
    """Precision at THRESHOLDS and RECALLS: samples x 10 x 101; NaN for samples without items.

    It is the highest precision at this recall or a higher one, and 0 where no detection reaches
    the recall. Without `counts` there is one sample, in which every image counts once:
    `precision_recall(ranked_detections(rows))[0].mean()` is AP, that of `[0, 0]` AP50.
    A sample has the scores that its images would have as copies, unless detections of one image
    have equal scores: these are counted detection by detection, not copy by copy.
    """
    if counts is None:
        counts = image_counts(len(detections.truths))
    curves = np.empty((len(counts), len(THRESHOLDS), len(RECALLS)))
    outcomes = list(_outcomes(detections))
    has_truth = np.flatnonzero(detections.truths)
    step = max(1, ELEMENTS // max(1, len(detections.images), detections.truths.sum()))
    for start in range(0, len(counts), step):
        block = slice(start, start + step)
        drawn = np.take(counts[block], detections.images, axis=1)
        truths = np.take(counts[block], has_truth, axis=1) @ detections.truths[has_truth]
        needed = _needed(truths)
        summed: Integers | None = None
        for place, (counted, hits) in enumerate(outcomes):
            if summed is None or not np.array_equal(counted, summed):  # often equal for all
                total = np.cumsum(drawn[:, counted], axis=1, dtype=np.int32)
                summed = counted
            matches = np.cumsum(drawn[:, counted[hits]], axis=1, dtype=np.int32)
            precision = matches / (total[:, hits] + np.spacing(1.0))
            curves[block, place] = _at_recalls(precision, matches, needed)
        curves[block][truths == 0] = np.nan
    return curves


def _outcomes(detections: RankedDetections) -> Iterator[tuple[Integers, Integers]]:
    """For each threshold the detections that count, and which of these match an item."""
    for bit in range(len(THRESHOLDS)):
        counted = np.flatnonzero((detections.ignored >> bit & 1) == 0)
        yield counted, np.flatnonzero(detections.matches[counted] >> bit & 1)


def _needed(truths: Integers) -> Integers:
    """How many of so many items must be found for a share of at least RECALLS."""
    needed = np.floor(RECALLS * truths[:, None]).astype(np.int64)
    with np.errstate(invalid="ignore"):
        return needed + (needed / truths[:, None] < RECALLS)


def _at_recalls(precision: Numbers, matches: NDArray[np.int32], needed: Integers) -> Numbers:
    """Precision at RECALLS from that at each match, and the number of items found there.

    Samples are rows. The places of all rows are looked up at once: each row's numbers are above
    those of the row before.
    """
    samples, width = matches.shape
    if not width:
        return np.zeros(needed.shape)
    rows = np.arange(samples)[:, None]
    above = rows * (needed.max() + 1)
    smaller = np.cumsum(
        np.bincount((matches + above + 1).ravel(), minlength=samples * (needed.max() + 1))
    )
    places = smaller[needed + above]
    highest = np.maximum.reduceat(np.append(precision, 0.0), places.ravel()).reshape(samples, -1)
    highest[places == (rows + 1) * width] = 0
    return np.maximum.accumulate(highest[:, ::-1], axis=1)[:, ::-1]


def found_by_image(
    detections: RankedDetections, limit: int, thresholds: slice = slice(None)
) -> Numbers:
    """Items found per image by its first `limit` detections, as a mean over some THRESHOLDS.

    Their sum divided by that of `truths` is the average recall.
    """
    bits = range(len(THRESHOLDS))[thresholds]
    hits = detections.matches & ~detections.ignored
    matches = np.sum([hits >> bit & 1 for bit in bits], axis=0) * (detections.ranks < limit)
    return np.bincount(detections.images, matches, len(detections.truths)) / len(bits)

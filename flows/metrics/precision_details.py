"""Matches of one category -> rows of PRECISION_DETAILS, with the overlap of each match."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from flows.metrics.average_precision import hotcoco
from flows.metrics.coco_records import Columns, LandmarkSlots, take
from schemas.details import DETECTION, PRECISION_DETAILS


def precision_details(
    matches: Sequence[dict[str, Any]],
    items: Columns,
    detections: Columns,
    slots: LandmarkSlots | None,
    subset: dict[str, str | None],
) -> pa.Table:
    """The details of images, from COCO's record of each (`Kernel.matches`).

    `items` and `detections` are those whose records were matched, all of one category; `subset` has
    the columns that say which items count.
    """
    if not matches:
        return PRECISION_DETAILS.schema.empty_table()
    matched = _at_thresholds([image["dtMatches"] for image in matches])
    places = np.array(list(chain(*(image["dtIds"] for image in matches))), np.int64) - 1
    outcomes = pa.StructArray.from_arrays(
        [
            pa.array(detections["row"][places], pa.int64()),
            pa.array(detections["score"][places], pa.float64()),
            pa.array(_bits(matched), pa.uint16()),
            pa.array(_bits(_at_thresholds([image["dtIgnore"] for image in matches])), pa.uint16()),
            *_matched_items(matched[0] - 1, places, items, detections, slots),
        ],
        fields=list(DETECTION),
    )
    counted = [[met for met in _items_of(image) if not met.ignored] for image in matches]
    missed = [
        [items["item_no"][met.id - 1] for met in image if not met.detection] for image in counted
    ]
    ends = [0, *accumulate(len(image["dtIds"]) for image in matches)]
    columns: dict[str, Any] = {
        **{name: [word] * len(matches) for name, word in subset.items()},
        "image_id": [image["image_id"] for image in matches],
        "category_id": [image["category_id"] for image in matches],
        "truths": list(map(len, counted)),
        "missed": missed,
        "detections": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), outcomes),
    }
    return pa.table(columns, PRECISION_DETAILS.schema)


def box_overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (n x 4: x, y, width, height), row by row."""
    low = np.maximum(first[:, :2], second[:, :2])
    high = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    whole = first[:, 2:].prod(axis=1) + second[:, 2:].prod(axis=1) - shared
    return np.divide(shared, whole, out=np.zeros_like(shared), where=shared > 0)


def landmark_similarity(
    predicted: np.ndarray, items: Columns, keypoints: np.ndarray, sigmas: np.ndarray
) -> np.ndarray:
    """OKS of predicted landmarks and those of items (both n x m x 3), row by row.

    The mean over the labelled landmarks of an item; without any, over all, by their distance from
    the box of the item enlarged to three times its size.
    """
    points, labelled = predicted[:, :, :2], keypoints[:, :, 2] > 0
    unlabelled = np.logical_not(labelled.any(axis=1))[:, None]
    corner, size = items["bbox"][:, None, :2], items["bbox"][:, None, 2:]
    before, behind = corner - size - points, points - corner - 2 * size
    outside = np.clip(before, 0, None) + np.clip(behind, 0, None)
    offset = np.where(unlabelled[:, :, None], outside, points - keypoints[:, :, :2])
    labelled |= unlabelled
    scale = 2 * (items["area"][:, None] + np.spacing(1)) * (2 * sigmas) ** 2
    similarity = np.exp(-(offset**2).sum(axis=2) / scale)
    return np.where(labelled, similarity, 0).sum(axis=1) / labelled.sum(axis=1)


def _at_thresholds(images: Sequence[list[list[int]]]) -> np.ndarray:
    """Lists by threshold of some images as an array, thresholds x detections of all images."""
    return np.array([list(chain(*row)) for row in zip(*images, strict=True)], np.int64)


def _bits(flags: np.ndarray) -> np.ndarray:
    """Bit k: whether the k-th row is not 0."""
    return (1 << np.arange(len(flags))) @ (flags != 0)


class _Match(NamedTuple):
    """An item of an image: ids of the item and of its detection at 0.50 (0: none)."""

    id: int
    detection: int
    ignored: bool


def _items_of(image: dict[str, Any]) -> Iterator[_Match]:
    return map(_Match, image["gtIds"], image["gtMatches"][0], image["gtIgnore"])


def _matched_items(
    matched: np.ndarray,
    places: np.ndarray,
    items: Columns,
    detections: Columns,
    slots: LandmarkSlots | None,
) -> tuple[pa.Array, pa.Array]:
    """`item_no` and `overlap` of the item at place `matched`; null where nothing matches (-1)."""
    is_match = matched >= 0
    item_no = items["item_no"][np.maximum(matched, 0)] if len(items["item_no"]) else matched
    overlap = np.zeros(len(matched))
    overlap[is_match] = _overlap(
        take(items, matched[is_match]), take(detections, places[is_match]), slots
    )
    return (
        pa.array(item_no, pa.int16(), mask=~is_match),
        pa.array(overlap, pa.float64(), mask=~is_match),
    )


def _overlap(items: Columns, detections: Columns, slots: LandmarkSlots | None) -> np.ndarray:
    """IoU or OKS of each detection with the item of the same row."""
    if slots is not None:
        own = [columns["keypoints"][:, : slots.own] for columns in (detections, items)]
        overlap = landmark_similarity(own[0], items, own[1], slots.sigmas[: slots.own])
        rows = np.flatnonzero(~own[1][:, :, 2].any(axis=1))
        if len(rows):
            whole = np.stack(detections["all_keypoints"][rows].tolist())
            overlap[rows] = landmark_similarity(
                whole, take(items, rows), np.zeros_like(whole), slots.sigmas
            )
        return overlap
    if "segmentation" in items:
        pairs = zip(detections["segmentation"], items["segmentation"], strict=True)
        iou = hotcoco().mask.iou
        return np.array([iou([mask], [item], [False])[0, 0] for mask, item in pairs])
    return box_overlap(detections["bbox"], items["bbox"])

"""Rows of sql/coco/coco_annotations.sql -> one dictionary for each item, with NumPy arrays."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.vocabulary import OCCLUDED, UNLABELLED, VISIBLE

COCO_VISIBILITY = pa.array([UNLABELLED, OCCLUDED, VISIBLE])
"""Visibilities in the order of COCO's codes 0, 1, 2."""

ItemRow = dict[str, Any]


def item_rows(items: pa.Table) -> Iterator[ItemRow]:
    """Each item in order, with its columns; `landmarks` and `polygons` are arrays.

    `landmarks` is (n, 4): landmark_no, x, y and COCO's code (2 visible, 1 occluded, 0 unlabelled
    with x and y 0). `polygons` is a list of flat arrays x1, y1, x2, y2, ...
    """
    landmarks, outlines = (items[name].combine_chunks() for name in ("landmarks", "outlines"))
    mark, points = landmarks.flatten(), outlines.flatten().field("points")
    codes = pc.index_in(mark.field("visibility"), value_set=COCO_VISIBILITY)
    x, y = (mark.field(axis).fill_null(0.0) for axis in "xy")
    numbers = np.column_stack((mark.field("landmark_no"), x, y, codes)).astype(np.float64)
    polygons = _split(points.flatten().to_numpy(), points)
    plain = items.drop_columns(["landmarks", "outlines"]).to_pylist()
    parts = zip(plain, _split(numbers, landmarks), _split(polygons, outlines), strict=True)
    for row, own_landmarks, own_polygons in parts:
        yield row | {"landmarks": own_landmarks, "polygons": own_polygons}


def _split(values: Any, lists: pa.ListArray) -> list[Any]:
    """The flat values of some lists, one slice for each list; a null list is empty."""
    ends = np.cumsum(lists.value_lengths().fill_null(0)).tolist()
    return [values[start:stop] for start, stop in pairwise([0, *ends])]

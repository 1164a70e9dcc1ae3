"""Nested annotations -> rows of the polygons table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.flatten.landmarks import numbers_within
from schemas.polygons import POLYGONS

_KEY = ("dataset", "split", "image_id", "item_no")


def polygon_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Unnest the polygons of each item: n items -> one row per polygon, points as they stand.

    A repeated closing point is kept and counted. Areas are of each polygon by itself: parts lie
    within the whole, so adding them up counts twice.
    """
    polygons = items["polygons"]
    owner = pc.list_parent_indices(polygons)
    points = polygons.flatten()
    closed, area = _outlines(points)
    return pa.RecordBatch.from_arrays(
        [
            *(items[name].take(owner) for name in _KEY),
            pa.array(numbers_within(polygons).astype(np.int16)),
            points,
            pc.divide(pc.list_value_length(points), 2).cast(pa.int32()),
            pa.array(closed),
            pa.array(area),
        ],
        schema=POLYGONS.schema,
    )


def _outlines(points: pa.ListArray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each polygon ends where it began, and the area it encloses."""
    if not len(points):
        return np.empty(0, bool), np.empty(0, np.float64)
    # A sliced list keeps the offsets of its parent, so count from offsets[0].
    ends = (points.offsets.to_numpy() - points.offsets[0].as_py()) // 2
    first, last = ends[:-1], ends[1:] - 1
    x, y = points.flatten().to_numpy().reshape(-1, 2).T
    closed = (x[first] == x[last]) & (y[first] == y[last])

    # Shoelace: every point with the next one, the last with the first of its polygon. Coordinates
    # count from the polygon's first point, so that large ones do not eat the small differences.
    following = np.arange(1, len(x) + 1)
    following[last] = first
    counts = last - first + 1
    x, y = x - np.repeat(x[first], counts), y - np.repeat(y[first], counts)
    crossed = x * y[following] - x[following] * y
    return closed, np.abs(np.add.reduceat(crossed, first)) / 2

"""Nested annotations -> rows of the polygons table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.flatten.items import ITEM_KEY, numbers_within, offsets_of
from schemas.polygons import POLYGONS


def polygon_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Unnest the polygons of each item: n items -> one row per polygon, points unchanged.

    A repeated closing point is kept and counted. Each polygon has its area; parts are inside the
    whole, so a sum of areas counts them twice.
    """
    polygons = items["polygons"]
    owner = pc.list_parent_indices(polygons)
    points = polygons.flatten()
    closed, area = _outlines(points)
    return pa.RecordBatch.from_arrays(
        [
            *(items[name].take(owner) for name in ITEM_KEY),
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
    ends = offsets_of(points) // 2
    first, last = ends[:-1], ends[1:] - 1
    x, y = points.flatten().to_numpy().reshape(-1, 2).T
    closed = (x[first] == x[last]) & (y[first] == y[last])

    # Shoelace: every point with the next one, the last with the first of its polygon. Coordinates
    # are relative to the polygon's first point, which keeps small differences of large ones exact.
    following = np.arange(1, len(x) + 1)
    following[last] = first
    counts = last - first + 1
    x, y = x - np.repeat(x[first], counts), y - np.repeat(y[first], counts)
    crossed = x * y[following] - x[following] * y
    return closed, np.abs(np.add.reduceat(crossed, first)) / 2

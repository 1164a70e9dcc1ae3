"""Masks as outlines: pixels in, closed lines around them out."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from flows.exports.drawing.annotated import Point

Mask = NDArray[np.bool_]


def mask_outlines(mask: Mask) -> tuple[tuple[Point, ...], ...]:
    """Closed lines along the edges of the pixels, around areas and holes; corners only."""
    padded = np.pad(mask, 1).astype(np.int8)
    # An edge runs from a corner of pixels to the next one, with the mask to its right.
    following: dict[Point, list[Point]] = defaultdict(list)
    for axis, (dx, dy) in ((0, (1, 0)), (1, (0, -1))):
        steps = np.diff(padded, axis=axis)
        for y, x in np.argwhere(steps != 0).tolist():
            corner: Point = (x - 1, y) if axis == 0 else (x, y)
            ends = (corner, (corner[0] + dx, corner[1] + dy))
            start, end = ends if steps[y, x] > 0 else ends[::-1]
            following[start].append(end)
    outlines = []
    while following:
        first = next(iter(following))
        line = [first]
        while True:
            place = line[-1]
            line.append(following[place].pop())
            if not following[place]:
                del following[place]
            if line[-1] == first:
                break
        outlines.append(tuple(_corners(line)))
    return tuple(outlines)


def _corners(line: list[Point]) -> list[Point]:
    """A closed line without the points along its straight parts."""
    turns = [
        place
        for before, place, after in zip([line[-2], *line], line, [*line[1:], line[1]], strict=False)
        if (place[0] - before[0], place[1] - before[1])
        != (after[0] - place[0], after[1] - place[1])
    ]
    return [*turns, turns[0]] if turns[0] != turns[-1] else turns

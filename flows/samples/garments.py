"""Garments as shapes: the landmarks of every DeepFashion2 category where such a garment has them.

A shape is cut on the figure of flows/samples/figure.py, in its body units: flows/samples/cuts.py
draws the left half, the mirror pairs of schemas.categories say which numbers its twin has.
"""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from flows.samples.cuts import HALVES, Fit
from flows.samples.figure import Point, Pose, poses
from schemas.categories import category

POSES, FLAT_POSES, FITS = 24, 6, 6


@dataclass(frozen=True)
class Shape:
    """Vertices, the landmarks first and in their order; outline and parts are indices into them."""

    category_id: int
    landmarks: int
    vertices: NDArray[np.float64]
    outline: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]


# Outlines by landmark numbers, the left chain first. `+` asks for a point between two landmarks
# that follows the curve, `/` for the second edge of a strap.
_OUTLINES = {
    1: "6+5+4+3+2 7..15 + 16 + 17..25",
    2: "6+5+4+3+2 7..19 + 20 + 21..33",
    3: "6 1 2 7..16 31 30 4 3 1 5 26 27..29 17..25",
    4: "6 1 2 7..20 39 38 4 3 1 5 34..37 21..33",
    5: "6+5+4+3+2 7+8+9+10+11+12+13+14+15",
    6: "15 6 5 4 3 2 7 / 8+9+10+11+12+13+14 /",
    7: "3 2 1+4 5 6 7 8 9 10+",
    8: "3 2 1+4 5 6 7 8 9 10 11 12 13 14+",
    9: "3 2 1+4 5+6+7 8+",
    10: "6+5+4+3+2 7..17 + 18 + 19..29",
    11: "6+5+4+3+2 7..21 + 22 + 23..37",
    12: "6+5+4+3+2 7+8+9 10 11 12+13+14 15 16 17+18+19",
    13: "19 6 5 4 3 2 7 / 8+9 10 11 12+13+14 15 16 17+18 /",
}

# Parts of the outline: sleeves and legs.
_PARTS = {
    1: ("7..12", "25..20"),
    2: ("7..16", "33..24"),
    3: ("7..12", "25..20"),
    4: ("7..16", "33..24"),
    7: ("1 2 7 6 5 4", "3 10 9 8 7 2"),
    8: ("1 2 9 8 7 6 5 4", "3 14 13 12 11 10 9 2"),
    10: ("7..12", "29..24"),
    11: ("7..16", "37..28"),
}


def _chain(text: str) -> list[str]:
    """`6+5 7..9 /` as steps: 6 + 5 7 8 9 /."""
    steps: list[str] = []
    for word in text.replace("+", " + ").split():
        first, dots, last = word.partition("..")
        if not dots:
            steps.append(word)
        else:
            way = 1 if int(last) >= int(first) else -1
            steps += [str(number) for number in range(int(first), int(last) + way, way)]
    return steps


def _curve(before: Point, a: Point, b: Point, after: Point) -> Point:
    """A point half way from a to b that keeps to the curve through their neighbours."""
    return (
        (a[0] + b[0]) * 0.5625 - (before[0] + after[0]) * 0.0625,
        (a[1] + b[1]) * 0.5625 - (before[1] + after[1]) * 0.0625,
    )


def cut(category_id: int, pose: Pose, fit: Fit) -> Shape:
    """The shape of one garment of a category, on a pose, as a fit says."""
    known = category("deepfashion2", category_id)
    partner = {a: b for pair in known.mirrors for a, b in (pair, pair[::-1])}
    half = HALVES[category_id]
    points: dict[int, Point] = {}
    for number, (x, y) in half(pose.left, fit).items():
        points[number] = (x if number in partner else 0.0, y)
    for number, (x, y) in half(pose.right, fit).items():
        if number in partner:
            points[partner[number]] = (-x, y)
    vertices = [points[number] for number in range(1, known.landmarks + 1)]

    steps = _chain(_OUTLINES[category_id])
    ring = [int(step) - 1 for step in steps if step.isdigit()]
    outline: list[int] = []
    place = -1
    for step in steps:
        if step.isdigit():
            place += 1
            outline.append(ring[place])
            continue
        a, b = ring[place], ring[(place + 1) % len(ring)]
        if step == "+":
            before, after = ring[place - 1], ring[(place + 2) % len(ring)]
            extra = [_curve(vertices[before], vertices[a], vertices[b], vertices[after])]
        else:  # the outer edge of a strap, from its top down to the bodice or up again
            top, base = (a, 1) if place < len(ring) - 1 else (b, 5)
            out = -0.07 if vertices[top][0] < 0 else 0.07
            extra = [
                (vertices[top][0] + out, vertices[top][1]),
                (vertices[base][0] + out, vertices[base][1] - 0.01),
            ]
            if top == b:
                extra.reverse()
        outline += range(len(vertices), len(vertices) + len(extra))
        vertices += extra
    parts = tuple(
        tuple(int(step) - 1 for step in _chain(text)) for text in _PARTS.get(category_id, ())
    )
    return Shape(category_id, known.landmarks, np.array(vertices), tuple(outline), parts)


@lru_cache(maxsize=1)
def wardrobe() -> tuple[tuple[Pose, ...], dict[int, list[list[Shape]]]]:
    """The poses, and every category cut on each of them in several fits: [category][pose][fit].

    Made once and reused by every document; placing and jitter make each of them its own.
    """
    rng = Random(20190123)
    all_poses = poses(POSES, FLAT_POSES, seed=7)
    fits = {
        number: [Fit(*(rng.random() for _ in range(5))) for _ in range(FITS)] for number in HALVES
    }
    return all_poses, {
        number: [[cut(number, pose, fit) for fit in fits[number]] for pose in all_poses]
        for number in HALVES
    }

"""Garments as shapes: the landmarks of every DeepFashion2 category where such a garment has them.

In: a category, a pose, a fit. Out: vertices in the body units of flows/samples/figure.py and the
outline through them. flows/samples/cuts.py has the left half; the mirror pairs of
schemas.categories give the numbers of the right half.
"""

from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from flows.samples.cuts import HALVES, Fit
from flows.samples.figure import Point, Pose, poses
from schemas.categories import Category, category

POSES, FLAT_POSES, FITS = 24, 6, 6


@dataclass(frozen=True)
class Shape:
    """Vertices, the landmarks first and in their order; outline and parts are indices into them."""

    category_id: int
    landmarks: int
    vertices: NDArray[np.float64]
    outline: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]


# The notation of outlines and parts: a closed ring of steps, separated by spaces.
#
#   5       landmark 5
#   5..7    landmarks 5, 6, 7; `7..5` is the same backwards
#   +       one more vertex between the landmarks before and after it, on a smooth curve; after the
#           last landmark it is between the last and the first
#   /       two more vertices, the outer edge of a strap: from the top of the strap down to the
#           bodice, or, at the end of the ring, up again
#
# The skirt, category 9, is `3 2 1+4 5+6+7 8+`:
#
#        1----2----3       3, 2 and 1 are the waistband, from right to left.
#       +           +      `1+4` is the left side, bent at the +, down to landmark 4.
#      4             8     `4 5` is a straight line.
#     /               \    `5+6+7` is the hem: three landmarks, two vertices between them.
#    5--+----6----+----7   `7 8+` goes up the right side, by a vertex before landmark 3.
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
"""By category: the left half first, from the neck or the waistband down."""

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
"""Sleeves and legs by category, in the same notation."""

_STRAP = 0.07  # width of a strap in body units


def cut(category_id: int, pose: Pose, fit: Fit) -> Shape:
    """The shape of one garment of a category, on a pose, as a fit says."""
    declared = category("deepfashion2", category_id)
    vertices = _landmarks(declared, pose, fit)
    steps = _steps(_OUTLINES[category_id])
    ring = [int(step) - 1 for step in steps if step.isdigit()]
    outline: list[int] = []
    passed = 0  # landmarks of the ring before this step
    for step in steps:
        if step.isdigit():
            outline.append(ring[passed])
            passed += 1
            continue
        before, a, b, after = (ring[(passed + k) % len(ring)] for k in (-2, -1, 0, 1))
        if step == "+":
            added = [_curve(*(vertices[place] for place in (before, a, b, after)))]
        elif passed < len(ring):  # down a strap: a is its top, landmark 2 the bodice
            added = _strap(vertices[a], vertices[1])
        else:  # up a strap: b is its top, landmark 6 the bodice
            added = _strap(vertices[b], vertices[5])[::-1]
        outline += range(len(vertices), len(vertices) + len(added))
        vertices += added
    parts = (_steps(part) for part in _PARTS.get(category_id, ()))
    return Shape(
        category_id,
        declared.landmarks,
        np.array(vertices),
        tuple(outline),
        tuple(tuple(int(step) - 1 for step in part) for part in parts),
    )


def _landmarks(declared: Category, pose: Pose, fit: Fit) -> list[Point]:
    """All landmarks in their order: the left half, the same mirrored, the rest on the axis."""
    partner = {a: b for pair in declared.mirrors for a, b in (pair, pair[::-1])}
    half = HALVES[declared.category_id]
    points: dict[int, Point] = {}
    for number, (x, y) in half(pose.left, fit).items():
        points[number] = (x if number in partner else 0.0, y)
    for number, (x, y) in half(pose.right, fit).items():
        if number in partner:
            points[partner[number]] = (-x, y)
    return [points[number] for number in range(1, declared.landmarks + 1)]


def _steps(text: str) -> list[str]:
    """The steps of a ring one by one: `6+5 7..9 /` is 6 + 5 7 8 9 /."""
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
    """A point half way from a to b on the smooth curve (Catmull-Rom) through their neighbours."""
    return (
        (a[0] + b[0]) * 0.5625 - (before[0] + after[0]) * 0.0625,
        (a[1] + b[1]) * 0.5625 - (before[1] + after[1]) * 0.0625,
    )


def _strap(top: Point, bodice: Point) -> list[Point]:
    """The outer edge of a strap, from its top to the bodice."""
    out = -_STRAP if top[0] < 0 else _STRAP
    return [(top[0] + out, top[1]), (bodice[0] + out, bodice[1] - 0.01)]


@cache
def garment_shape(category_id: int, pose: int, fit: int) -> Shape:
    """A category cut on a pose (below POSES) in a fit (below FITS).

    Cut once; placing and jitter make the garments of a picture differ.
    """
    return cut(category_id, _poses()[pose], _fits()[category_id][fit])


@cache
def _poses() -> tuple[Pose, ...]:
    return poses(POSES, FLAT_POSES, seed=7)


@cache
def _fits() -> dict[int, list[Fit]]:
    rng = Random(20190123)
    return {
        number: [Fit(*(rng.random() for _ in range(5))) for _ in range(FITS)] for number in HALVES
    }

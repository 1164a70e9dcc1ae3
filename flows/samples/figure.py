"""The figure that garments are cut on: positions of arms and legs, in body units.

A unit is about the height of a head, the origin is the base of the neck, x grows to the right of
the picture and y downwards. Both sides are described as the left one (x below zero); the right one
is mirrored. All categories are cut on the same figure, so that an outfit fits together.
"""

from dataclasses import dataclass
from math import cos, sin
from random import Random

import numpy as np

Point = tuple[float, float]

UPPER_ARM, FOREARM = 1.3, 1.15
CROTCH, KNEE, ANKLE = 3.35, 4.95, 6.55
WAIST, HIP, ARMPIT = 1.95, 2.95, 0.98

# Half the width of the body at heights from the shoulders to the thighs.
_HEIGHTS = (0.2, 0.98, 1.95, 2.95, 3.4, 8.0)
_HALF_WIDTHS = (0.80, 0.64, 0.50, 0.68, 0.70, 0.72)


def half_width(y: float) -> float:
    """Half the width of the body at a height, interpolated along its silhouette."""
    return float(np.interp(y, _HEIGHTS, _HALF_WIDTHS))


@dataclass(frozen=True)
class Side:
    """Arm and leg of one side: angles from straight down, growing away from the body."""

    upper_arm: float
    forearm: float
    leg: float

    @property
    def shoulder(self) -> Point:
        return (-0.76, 0.34)

    @property
    def elbow(self) -> Point:
        x, y = self.shoulder
        return (x - UPPER_ARM * sin(self.upper_arm), y + UPPER_ARM * cos(self.upper_arm))

    @property
    def wrist(self) -> Point:
        x, y = self.elbow
        return (x - FOREARM * sin(self.forearm), y + FOREARM * cos(self.forearm))

    def along_arm(self, t: float, offset: float) -> Point:
        """The point at t (0 shoulder, 1 elbow, 2 wrist), `offset` outside of the arm's axis."""
        start, end = (self.shoulder, self.elbow) if t <= 1 else (self.elbow, self.wrist)
        part = t if t <= 1 else t - 1
        bend = min(max((t - 0.8) / 0.4, 0.0), 1.0)
        angle = self.upper_arm + bend * (self.forearm - self.upper_arm)
        return (
            start[0] + part * (end[0] - start[0]) - offset * cos(angle),
            start[1] + part * (end[1] - start[1]) - offset * sin(angle),
        )

    def along_leg(self, y: float, offset: float) -> Point:
        """The point at a height below the crotch, `offset` outside of the leg's axis."""
        return (-0.36 - self.leg * (y - CROTCH) - offset, y)


@dataclass(frozen=True)
class Pose:
    """Both sides of a figure."""

    left: Side
    right: Side


def poses(count: int, flat: int, *, seed: int) -> tuple[Pose, ...]:
    """`count` poses, the first `flat` of garments laid out: symmetric, with the arms apart."""
    rng = Random(seed)

    def side() -> Side:
        upper = rng.choice((rng.uniform(0.16, 0.32), rng.uniform(0.2, 0.75)))
        bend = rng.choice((rng.uniform(-0.25, 0.15), rng.uniform(-1.1, 0.1)))
        return Side(upper, upper + bend, rng.uniform(-0.02, 0.12))

    laid = []
    for _ in range(flat):
        upper = rng.uniform(0.3, 0.7)
        both = Side(upper, upper + rng.uniform(-0.1, 0.1), rng.uniform(0.02, 0.08))
        laid.append(Pose(both, both))
    return (*laid, *(Pose(side(), side()) for _ in range(count - flat)))

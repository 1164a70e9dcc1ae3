"""What is to be seen on a synthetic DeepFashion2 picture: who wears which garments, and where.

A scene is decided once and then both written as a document and painted as a picture, which is why
the garment lies under its outline and its landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.samples.deepfashion2_products import (
    PATTERNS,
    ROLES,
    Colour,
    Product,
    a_colour,
    weighted,
)
from flows.samples.figure import WAIST, Pose
from flows.samples.garments import FITS, FLAT_POSES, POSES, Shape, wardrobe

Frame = tuple[NDArray[np.float64], NDArray[np.float64]]

_SIZES = (
    ((468, 624), 40),
    ((750, 750), 18),
    ((640, 800), 14),
    ((640, 640), 10),
    ((480, 640), 10),
    ((800, 800), 4),
    ((750, 1000), 3),
    ((900, 1200), 1),
)
# What is drawn first, and what may share a style with another category.
_LAYERS = {"bottom": 0, "top": 1, "dress": 1, "outwear": 2}
_SISTERS = {1: 5, 2: 1, 5: 6, 6: 5, 7: 9, 8: 7, 9: 7, 10: 12, 11: 10, 12: 13, 13: 12, 4: 2}


@dataclass(frozen=True)
class Garment:
    """A garment in its picture: vertices in pixels, `hidden` landmarks from 0, style and looks."""

    shape: Shape
    points: NDArray[np.float64]
    hidden: frozenset[int]
    style: int
    colour: Colour
    pattern: str


@dataclass(frozen=True)
class Scene:
    """A picture to be, `garments` from the innermost out.

    `frame` takes body units to pixels: a matrix to multiply with and a shift.
    """

    width: int
    height: int
    source: str
    pair_id: int
    viewpoint: int
    pose: Pose
    frame: Frame
    garments: tuple[Garment, ...]


class _Worn(NamedTuple):
    """A garment before it has a place: what it is and looks like."""

    role: str
    shape: Shape
    style: int
    colour: Colour
    pattern: str


class Staging:
    """Arranges scenes; holds the random numbers and a block of jitter that all of them share."""

    def __init__(self, seed: int, split: str) -> None:
        self.rng = Random(f"{seed} {split}")
        generator = np.random.Generator(np.random.PCG64(self.rng.getrandbits(64)))
        self._jitter = (generator.random((512, 64, 2)) - 0.5) * 0.05
        self._poses, self._shapes = wardrobe()

    def scene(self, product: Product, source: str) -> Scene:
        """One picture of a product, by a consumer or a shop."""
        rng = self.rng
        width, height = weighted(rng, _SIZES)
        viewpoint = 1 if rng.random() < 0.07 else 2 if rng.random() < 0.84 else 3
        flat = viewpoint == 1
        pose = rng.randrange(FLAT_POSES) if flat else rng.randrange(FLAT_POSES, POSES)
        main = self._main(product, source, pose)
        worn = [main] if flat else [*self._companions(product, main, pose), main]
        worn.sort(key=lambda garment: _LAYERS[garment.role])
        if len(worn) > 1 and worn[1].role == "top" and rng.random() < 0.35:
            worn[0], worn[1] = worn[1], worn[0]  # tucked in
        frame = self._frame(main.shape, width, height, 0.72 if viewpoint == 3 else 1.0)
        return Scene(
            width,
            height,
            source,
            product.pair_id,
            viewpoint,
            self._poses[pose],
            frame,
            tuple(self._placed(garment, worn[k + 1 :], frame) for k, garment in enumerate(worn)),
        )

    def _main(self, product: Product, source: str, pose: int) -> _Worn:
        """The product's own garment in one of its variants; now and then cut as its sister."""
        rng = self.rng
        seen = [style for style in product.styles if source in style.seen_by]
        number, category_id = 0, product.category_id
        look = rng.choice(seen or product.styles)
        if seen and rng.random() < 0.92:
            number = look.number
        if rng.random() < 0.02:
            category_id = _SISTERS.get(category_id, category_id)
        shape = self._shapes[category_id][pose][product.fit]
        return _Worn(product.role, shape, number, look.colour, look.pattern)

    def _companions(self, product: Product, main: _Worn, pose: int) -> list[_Worn]:
        """What else is worn: anything that goes with it, sometimes a variant of the product too."""
        rng = self.rng
        worn, known = [], product.sold_with
        for role in product.outfit:
            if role == product.role:
                continue
            category_id, fit = weighted(rng, ROLES[role]), rng.randrange(FITS)
            style, colour, pattern = 0, a_colour(rng), rng.choice(PATTERNS)
            if rng.random() < 0.03:  # a set: both belong to one style
                style, colour, pattern = main.style, main.colour, main.pattern
            elif known and rng.random() < 0.4:
                style, colour, pattern = known.number, known.colour, known.pattern
                category_id, fit = product.sold_category_id, product.fit
            known = None
            worn.append(_Worn(role, self._shapes[category_id][pose][fit], style, colour, pattern))
        return worn

    def _frame(
        self, main: Shape, width: int, height: int, squeeze: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How body units become pixels: a 2x2 matrix and a shift. Close-ups cut the garment."""
        rng = self.rng
        low, high = main.vertices.min(axis=0), main.vertices.max(axis=0)
        centre, extent = (low + high) / 2, (high - low) * (squeeze, 1.0)
        distance = rng.random()
        if distance < 0.40:  # from head to foot
            centre, seen = np.array((0.0, 2.85)), rng.uniform(8.4, 10.5)
        elif distance < 0.82:  # the garment with some room around it
            seen = max(extent[1], extent[0] * height / width) * rng.uniform(1.12, 2.2)
        else:  # cut off
            seen = max(extent[1], extent[0] * height / width) * rng.uniform(0.7, 1.04)
        scale = height / seen
        tilt = rng.uniform(-0.07, 0.07) * (1 + (rng.random() < 0.1) * 3)
        matrix = np.array(((cos(tilt) * squeeze, sin(tilt)), (-sin(tilt) * squeeze, cos(tilt))))
        aim = np.array((width, height)) * (
            0.5 + rng.uniform(-0.06, 0.06),
            0.5 + rng.uniform(-0.05, 0.05),
        )
        matrix = matrix.T * scale
        return matrix, aim - centre @ matrix

    def _placed(self, garment: _Worn, above: Sequence[_Worn], frame: Frame) -> Garment:
        rng = self.rng
        shape = garment.shape
        jitter = self._jitter[rng.randrange(len(self._jitter)), : len(shape.vertices)]
        points = (shape.vertices + jitter) @ frame[0] + frame[1]
        return Garment(
            shape,
            points,
            self._hidden(shape, above),
            garment.style,
            garment.colour,
            garment.pattern,
        )

    def _hidden(self, shape: Shape, above: Sequence[_Worn]) -> frozenset[int]:
        """Landmarks that something covers: other garments, and hair, hands or a bag by chance."""
        rng = self.rng
        count = shape.landmarks
        heights = shape.vertices[:count, 1].tolist()
        hidden: set[int] = set()
        for other in above:
            if other.role == "outwear":
                hidden |= {k for k in range(count) if k not in (2, 3, 4) and heights[k] < 2.6}
            elif other.role == "bottom":
                hidden |= {k for k in range(count) if heights[k] > WAIST + 0.1}
            elif other.role == "top":
                hidden |= {0, 1, 2}
        covered = rng.random()
        share = 0.0 if covered < 0.5 else rng.uniform(0.2, 0.45)
        if covered > 0.95:
            share = rng.uniform(0.5, 0.8)
        first = rng.randrange(count)
        run = round(share * count) - len(hidden)
        if run <= 0 and rng.random() < 0.6:
            run = rng.randrange(1 + count // 8)
        hidden.update((first + k) % count for k in range(run))
        return frozenset(hidden)

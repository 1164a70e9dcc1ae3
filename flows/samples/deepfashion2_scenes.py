"""Scenes of a synthetic DeepFashion2 split: which garments are on a picture, and where.

A scene is made once, then written as a document and painted as a picture; that is why a garment is
painted inside its outline and under its landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, sin
from random import Random

import numpy as np
from numpy.typing import NDArray

from flows.samples.deepfashion2_products import ROLES, Product, Style, random_style, weighted
from flows.samples.figure import WAIST
from flows.samples.garments import FITS, FLAT_POSES, POSES, Shape, garment_shape

Frame = tuple[NDArray[np.float64], NDArray[np.float64]]
"""From body units to pixels: a 2x2 matrix to multiply with, and a shift."""

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
# The innermost first; and the category that may share a style with another.
_LAYERS = {"bottom": 0, "top": 1, "dress": 1, "outwear": 2}
_SISTERS = {1: 5, 2: 1, 5: 6, 6: 5, 7: 9, 8: 7, 9: 7, 10: 12, 11: 10, 12: 13, 13: 12, 4: 2}

Worn = tuple[str, Shape, Style]
"""A garment before it has a place on a picture: its role, shape and style."""


@dataclass(frozen=True)
class Garment:
    """A garment on its picture: vertices in pixels, and its covered landmarks, from 0."""

    shape: Shape
    style: Style
    points: NDArray[np.float64]
    hidden: frozenset[int]


@dataclass(frozen=True)
class Scene:
    """A picture before it is painted, `garments` from the innermost out; sizes in pixels."""

    width: int
    height: int
    source: str
    pair_id: int
    viewpoint: int
    garments: tuple[Garment, ...]


class SceneBuilder:
    """Makes the scenes of a split in turn; holds its random numbers and jitter for all vertices."""

    def __init__(self, seed: int, split: str) -> None:
        self.rng = Random(f"{seed} {split}")
        generator = np.random.Generator(np.random.PCG64(self.rng.getrandbits(64)))
        self._jitter = (generator.random((512, 64, 2)) - 0.5) * 0.05

    def scene(self, product: Product, source: str) -> Scene:
        """One picture of a product, by a consumer or a shop."""
        rng = self.rng
        width, height = weighted(rng, _SIZES)
        viewpoint = 1 if rng.random() < 0.07 else 2 if rng.random() < 0.84 else 3
        flat = viewpoint == 1
        pose = rng.randrange(FLAT_POSES) if flat else rng.randrange(FLAT_POSES, POSES)
        main = self._main(product, source, pose)
        worn = [main] if flat else [*self._companions(product, main, pose), main]
        worn.sort(key=lambda garment: _LAYERS[garment[0]])
        if len(worn) > 1 and worn[1][0] == "top" and rng.random() < 0.35:
            worn[0], worn[1] = worn[1], worn[0]  # tucked in
        frame = self._frame(main[1], width, height, 0.72 if viewpoint == 3 else 1.0)
        garments = [self._place(garment, worn[k + 1 :], frame) for k, garment in enumerate(worn)]
        return Scene(width, height, source, product.pair_id, viewpoint, tuple(garments))

    def _main(self, product: Product, source: str, pose: int) -> Worn:
        """The product's own garment in one of its styles; now and then cut as its sister."""
        rng = self.rng
        seen = [style for style, sources in product.styles if source in sources]
        category_id = product.category_id
        style = rng.choice(seen or [style for style, _ in product.styles])
        if not seen or rng.random() >= 0.92:
            style = replace(style, number=0)
        if rng.random() < 0.02:
            category_id = _SISTERS.get(category_id, category_id)
        return product.role, garment_shape(category_id, pose, product.fit), style

    def _companions(self, product: Product, main: Worn, pose: int) -> list[Worn]:
        """The other garments of the outfit: any that match, or the one that is sold with it."""
        rng = self.rng
        worn, companion = [], product.companion
        for role in product.outfit:
            if role == product.role:
                continue
            category_id, fit = weighted(rng, ROLES[role]), rng.randrange(FITS)
            style = random_style(rng, 0)
            if rng.random() < 0.03:  # a set: both belong to one style
                style = main[2]
            elif companion and rng.random() < 0.4:
                (style, category_id), fit = companion, product.fit
            companion = None
            worn.append((role, garment_shape(category_id, pose, fit), style))
        return worn

    def _frame(self, main: Shape, width: int, height: int, squeeze: float) -> Frame:
        """A frame around the main garment, or the whole figure; close-ups cut the garment."""
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

    def _place(self, worn: Worn, above: Sequence[Worn], frame: Frame) -> Garment:
        """The garment in pixels, with the landmarks that the garments above cover."""
        _, shape, style = worn
        jitter = self._jitter[self.rng.randrange(len(self._jitter)), : len(shape.vertices)]
        points = (shape.vertices + jitter) @ frame[0] + frame[1]
        return Garment(shape, style, points, self._hidden(shape, above))

    def _hidden(self, shape: Shape, above: Sequence[Worn]) -> frozenset[int]:
        """Covered landmarks, from 0: by the garments above, and by chance (hair, hands, a bag)."""
        rng = self.rng
        count = shape.landmarks
        heights = shape.vertices[:count, 1].tolist()
        hidden: set[int] = set()
        for role, _, _ in above:
            if role == "outwear":
                hidden |= {k for k in range(count) if k not in (2, 3, 4) and heights[k] < 2.6}
            elif role == "bottom":
                hidden |= {k for k in range(count) if heights[k] > WAIST + 0.1}
            elif role == "top":
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

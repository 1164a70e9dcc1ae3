"""A synthetic Fashion-MNIST source: four IDX files of drawn garments, 28x28, light on black.

Each class has a silhouette that a small network can learn and that varies in width, length, tone,
tilt and place. As in the source, classes come mixed and equally often, and a few pictures are there
twice, one of them in both sets.
"""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from flows.storage.atomic import atomic_write
from schemas.errors import InputError

SIDE = 28
_FINE = 4  # drawn this much larger and reduced, for smooth edges
_CLASSES = 10

Point = tuple[float, float]
Shape = list[tuple[list[Point], float]]  # polygons in a unit square, each with its tone


def write_fashion_mnist(folder: Path, *, images: int, seed: int = 0) -> dict[str, int]:
    """Write `images` pictures with labels, a seventh of them as t10k, and say how many per set.

    The same seed and number give the same bytes; the archives hold no time.
    """
    if images < 1:
        raise InputError(f"a sample needs at least one image, not {images}")
    test = images // 7
    train = images - test
    rng = Random(f"fashion-mnist {seed}")
    labels = np.array([k % _CLASSES for k in range(images)], np.uint8)
    order = list(range(train))
    rng.shuffle(order)
    labels[:train] = labels[order]
    pixels = np.stack([picture(int(label), rng) for label in labels])
    _repeat(pixels, labels, train)
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, start, stop in (("train", 0, train), ("t10k", train, images)):
        if start < stop:
            _write(folder / f"{name}-images-idx3-ubyte.gz", pixels[start:stop])
            _write(folder / f"{name}-labels-idx1-ubyte.gz", labels[start:stop])
            written[name] = stop - start
    return written


def _repeat(pixels: NDArray[np.uint8], labels: NDArray[np.uint8], train: int) -> None:
    """The first picture again, in training and in the test set, where there is room."""
    for start, stop in ((20, train), (train, len(labels))):
        places = [place for place in range(start, stop) if labels[place] == labels[0]]
        if places:
            pixels[places[-1]] = pixels[0]


def _write(path: Path, values: NDArray[np.uint8]) -> None:
    header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    with atomic_write(path) as file:
        file.write(gzip.compress(header + values.tobytes(), mtime=0))


def picture(label: int, rng: Random) -> NDArray[np.uint8]:
    """One garment of a class as (28, 28) grey values, 0 the background."""
    size = SIDE * _FINE
    image = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(image)
    tone, tilt = rng.uniform(0.45, 1.0), rng.uniform(-0.06, 0.06)
    shift = (rng.uniform(-0.02, 0.02), rng.uniform(-0.02, 0.02))
    for polygon, strength in _SHAPES[label](rng):
        corners = [
            (
                (x + shift[0] - tilt * (y - 0.5)) * size,
                (y + shift[1] + tilt * (x - 0.5)) * size,
            )
            for x, y in polygon
        ]
        draw.polygon(corners, fill=int(255 * tone * strength))
    values = np.asarray(image.reduce(_FINE), np.float64)
    return _woven(values, rng).astype(np.uint8)


def _woven(values: NDArray[np.float64], rng: Random) -> NDArray[np.float64]:
    """Light from one side, stripes now and then, and a little noise where there is cloth."""
    across, down = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    values = values * (1 + rng.uniform(-0.2, 0.2) * across)
    if rng.random() < 0.25:
        values = values * (1 - rng.uniform(0.1, 0.4) * (np.sin(down * rng.uniform(6, 22)) > 0))
    noise = np.random.Generator(np.random.PCG64(rng.getrandbits(32))).normal(0, 7, values.shape)
    return np.clip(values + noise * (values > 8), 0, 255)


def _both(half: list[Point]) -> list[Point]:
    """A closed outline from its left half, top to bottom."""
    return [*half, *((1 - x, y) for x, y in reversed(half))]


def _upper(rng: Random, *, sleeve: float, length: float, width: float) -> list[Point]:
    """Neck, shoulder, a sleeve that ends at a height, side and hem."""
    neck, shoulder = rng.uniform(0.38, 0.43), 0.5 - width
    out = shoulder - (0.16 if sleeve < 0.5 else 0.13)
    return [
        (neck, 0.08),
        (shoulder, 0.13),
        (out, sleeve),
        (out + rng.uniform(0.11, 0.14), sleeve + 0.03),
        (shoulder + 0.06, 0.36),
        (shoulder + rng.uniform(0.03, 0.07), length),
    ]


def _t_shirt(rng: Random) -> Shape:
    half = _upper(rng, sleeve=rng.uniform(0.32, 0.4), length=rng.uniform(0.86, 0.95), width=0.26)
    return [(_both(half), 1.0), (_both([(0.42, 0.08), (0.47, rng.uniform(0.12, 0.2))]), 0.35)]


def _trouser(rng: Random) -> Shape:
    wide, hem = rng.uniform(0.13, 0.18), rng.uniform(0.09, 0.14)
    leg = [
        (0.5 - wide, 0.05),
        (0.5 - wide - 0.03, 0.35),
        (0.5 - wide + 0.01, 0.96),
        (0.5 - wide + 0.01 + hem, 0.96),
        (0.5, rng.uniform(0.3, 0.4)),
    ]
    return [(_both(leg), 1.0), (_both([(0.5 - wide, 0.05), (0.5 - wide, 0.09)]), 0.7)]


def _pullover(rng: Random) -> Shape:
    half = _upper(rng, sleeve=rng.uniform(0.8, 0.9), length=rng.uniform(0.84, 0.94), width=0.27)
    return [(_both(half), 1.0), (_both([(0.4, 0.07), (0.42, 0.12)]), 0.75)]


def _dress(rng: Random) -> Shape:
    waist, hem = rng.uniform(0.1, 0.14), rng.uniform(0.16, 0.3)
    half = [
        (0.5 - 0.1, 0.03),
        (0.5 - 0.16, 0.08),
        (0.5 - 0.13, 0.25),
        (0.5 - waist, rng.uniform(0.36, 0.44)),
        (0.5 - hem, 0.97),
    ]
    return [(_both(half), 1.0), (_both([(0.43, 0.03), (0.47, 0.14)]), 0.2)]


def _coat(rng: Random) -> Shape:
    half = _upper(rng, sleeve=rng.uniform(0.82, 0.9), length=0.96, width=0.27)
    gap = rng.uniform(0.012, 0.022)
    opening = [(0.46, 0.08), (0.5 - gap, 0.28), (0.5 - gap, 0.96)]
    return [(_both(half), 1.0), (_both(opening), 0.15)]


def _sandal(rng: Random) -> Shape:
    heel, ankle = rng.uniform(0.44, 0.6), rng.uniform(0.16, 0.26)
    sole = [(0.04, 0.74), (0.34, 0.72), (0.96, heel), (0.96, heel + 0.06), (0.38, 0.8), (0.04, 0.8)]
    toe = [(0.12, 0.73), (0.2, 0.58), (0.36, 0.54), (0.46, 0.7)]
    strap = [(0.3, 0.55), (0.66, ankle), (0.74, ankle), (0.4, 0.56)]
    back = [(0.66, ankle), (0.95, ankle + 0.04), (0.96, heel), (0.88, heel + 0.04)]
    open_back = [(0.75, ankle + 0.07), (0.89, ankle + 0.09), (0.9, heel - 0.02), (0.88, heel)]
    gap = [(0.2, 0.7), (0.24, 0.63), (0.34, 0.6), (0.38, 0.68)]
    column = [(0.87, heel + 0.04), (0.96, heel), (0.95, 0.86), (0.89, 0.86)]
    return [
        (toe, 0.85),
        (gap, 0.0),
        (strap, 0.85),
        (back, 0.85),
        (open_back, 0.0),
        (sole, 1.0),
        (column, 0.8),
    ]


def _shirt(rng: Random) -> Shape:
    half = _upper(rng, sleeve=rng.uniform(0.5, 0.66), length=rng.uniform(0.88, 0.96), width=0.25)
    buttons: Shape = [
        ([(0.48, y), (0.52, y), (0.52, y + 0.035), (0.48, y + 0.035)], 0.25)
        for y in (0.26, 0.4, 0.54, 0.68, 0.82)
    ]
    collar = [(0.37, 0.1), (0.5, 0.2), (0.63, 0.1), (0.6, 0.05), (0.5, 0.12), (0.4, 0.05)]
    return [(_both(half), 1.0), (collar, 0.55), *buttons]


def _sneaker(rng: Random) -> Shape:
    top = rng.uniform(0.38, 0.46)
    upper = [(0.04, 0.62), (0.3, 0.56), (0.62, top), (0.94, top - 0.04), (0.96, 0.68), (0.04, 0.68)]
    sole = [(0.03, 0.68), (0.97, 0.68), (0.97, 0.76), (0.03, 0.76)]
    return [
        (upper, 0.85),
        (sole, 1.0),
        ([(0.4, 0.54), (0.6, 0.46), (0.64, 0.5), (0.44, 0.58)], 0.4),
    ]


def _bag(rng: Random) -> Shape:
    top, side = rng.uniform(0.34, 0.44), rng.uniform(0.06, 0.14)
    handle = [(0.28, top), (0.34, 0.12), (0.66, 0.12), (0.72, top)]
    inside = [(0.35, top), (0.39, 0.19), (0.61, 0.19), (0.65, top)]
    body = [(side + 0.03, top), (0.97 - side, top), (1 - side, 0.88), (side, 0.88)]
    return [(handle, 0.7), (inside, 0.0), (body, 1.0)]


def _ankle_boot(rng: Random) -> Shape:
    shaft = rng.uniform(0.08, 0.2)
    upper = [
        (0.05, 0.78),
        (0.12, 0.64),
        (0.46, 0.52),
        (0.5, shaft),
        (0.9, shaft - 0.02),
        (0.94, 0.8),
    ]
    heel = rng.uniform(0.86, 0.95)
    return [
        (upper, 0.95),
        ([(0.04, 0.78), (0.95, 0.8), (0.95, 0.85), (0.04, 0.84)], 0.6),
        ([(0.72, 0.82), (0.95, 0.82), (0.94, heel), (0.74, heel)], 0.7),
    ]


_SHAPES: tuple[Callable[[Random], Shape], ...] = (
    _t_shirt,
    _trouser,
    _pullover,
    _dress,
    _coat,
    _sandal,
    _shirt,
    _sneaker,
    _bag,
    _ankle_boot,
)
"""How each class is drawn, in the order of its labels."""

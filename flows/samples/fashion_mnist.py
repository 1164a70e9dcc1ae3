"""A synthetic Fashion-MNIST source: four IDX files of drawn garments, 28x28, light on black.

In: a folder, the number of pictures, a seed. Out: the files in that folder. Each class has a
silhouette that a small network can learn, varied in width, length, tone, tilt and position. As in
the source, classes are mixed and equally frequent, and a few pictures are repeated, one of them in
both sets.
"""

import gzip
import struct
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

# By label, the polygons of a silhouette: their tone, and corners as x,y in percent of the side. `|`
# comes before the left half of a symmetric polygon, whose right half is its mirror image.
_SILHOUETTES = (
    (  # T-shirt/top
        (1.0, "| 41,8 24,13 8,36 21,39 30,36 29,91"),
        (0.35, "| 42,8 47,16"),
    ),
    (  # Trouser
        (1.0, "| 35,5 32,35 36,96 47,96 50,35"),
        (0.7, "| 35,5 35,9"),
    ),
    (  # Pullover
        (1.0, "| 40,8 23,13 10,85 22,88 29,36 28,89"),
        (0.75, "| 40,7 42,12"),
    ),
    (  # Dress
        (1.0, "| 40,3 34,8 37,25 38,40 27,97"),
        (0.2, "| 43,3 47,14"),
    ),
    (  # Coat
        (1.0, "| 40,8 23,13 10,86 22,89 29,36 28,96"),
        (0.15, "| 46,8 48,28 48,96"),
    ),
    (  # Sandal: toe, gap, strap, back, open back, sole, heel
        (0.85, "12,73 20,58 36,54 46,70"),
        (0.0, "20,70 24,63 34,60 38,68"),
        (0.85, "30,55 66,21 74,21 40,56"),
        (0.85, "66,21 95,25 96,52 88,56"),
        (0.0, "75,28 89,30 90,50 88,52"),
        (1.0, "4,74 34,72 96,52 96,58 38,80 4,80"),
        (0.8, "87,56 96,52 95,86 89,86"),
    ),
    (  # Shirt: body, collar, buttons
        (1.0, "| 40,8 25,13 9,58 21,61 31,36 30,92"),
        (0.55, "37,10 50,20 63,10 60,5 50,12 40,5"),
        *((0.25, f"48,{y} 52,{y} 52,{y + 4} 48,{y + 4}") for y in (26, 40, 54, 68, 82)),
    ),
    (  # Sneaker: upper, sole, laces
        (0.85, "4,62 30,56 62,42 94,38 96,68 4,68"),
        (1.0, "3,68 97,68 97,76 3,76"),
        (0.4, "40,54 60,46 64,50 44,58"),
    ),
    (  # Bag: handle, its inside, body
        (0.7, "28,39 34,12 66,12 72,39"),
        (0.0, "35,39 39,19 61,19 65,39"),
        (1.0, "13,39 87,39 90,88 10,88"),
    ),
    (  # Ankle boot: upper, sole, heel
        (0.95, "5,78 12,64 46,52 50,14 90,12 94,80"),
        (0.6, "4,78 95,80 95,85 4,84"),
        (0.7, "72,82 95,82 94,91 74,91"),
    ),
)


def write_fashion_mnist(folder: Path, *, images: int, seed: int = 0) -> dict[str, int]:
    """Write `images` pictures with labels, a seventh of them as t10k; the number per set.

    The same seed and number give the same bytes; the archives have no time.
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
    """Repeat the first picture in the training and in the test set, where they are large enough."""
    for start, stop in ((20, train), (train, len(labels))):
        same = [index for index in range(start, stop) if labels[index] == labels[0]]
        if same:
            pixels[same[-1]] = pixels[0]


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
    width, length = rng.uniform(0.88, 1.06), rng.uniform(0.92, 1.04)
    right, down = rng.uniform(-0.02, 0.02), rng.uniform(-0.02, 0.02)
    for strength, text in _SILHOUETTES[label]:
        corners = []
        for x, y in _corners(text):
            x, y = (x - 0.5) * width, (y - 0.5) * length
            corners.append(
                ((0.5 + x + right - tilt * y) * size, (0.5 + y + down + tilt * x) * size)
            )
        draw.polygon(corners, fill=int(255 * tone * strength))
    values = np.asarray(image.reduce(_FINE), np.float64)
    return _woven(values, rng).astype(np.uint8)


def _corners(text: str) -> list[Point]:
    """The corners of a polygon of the table, in a unit square."""
    half = text.removeprefix("| ").split()
    corners = [(int(x) / 100, int(y) / 100) for x, y in (corner.split(",") for corner in half)]
    if text.startswith("|"):
        corners += [(1 - x, y) for x, y in reversed(corners)]
    return corners


def _woven(values: NDArray[np.float64], rng: Random) -> NDArray[np.float64]:
    """Light from one side, stripes in every fourth picture, and noise on the cloth."""
    across, down = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    values = values * (1 + rng.uniform(-0.2, 0.2) * across)
    if rng.random() < 0.25:
        values = values * (1 - rng.uniform(0.1, 0.4) * (np.sin(down * rng.uniform(6, 22)) > 0))
    noise = np.random.Generator(np.random.PCG64(rng.getrandbits(32))).normal(0, 7, values.shape)
    return np.clip(values + noise * (values > 8), 0, 255)

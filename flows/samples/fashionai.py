"""A synthetic FashionAI source as its archives unpack: training set, test A with its answers.

In: a folder, the number of images, a seed. Out: train/ and r1_test_a/ in that folder. Garments are
those of the DeepFashion2 sample; each of the 24 key points is one of their landmarks. The source's
quirks are included: an image in both sets, a row that the answers lack, no newline at their end,
points that are cut off or covered.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from flows.samples.deepfashion2_products import PATTERNS, Product, Style
from flows.samples.deepfashion2_scenes import Garment, Scene, SceneBuilder
from flows.samples.garments import FITS
from flows.samples.painting import paint
from flows.storage.atomic import atomic_write
from schemas.categories import CATEGORIES, FASHIONAI_POINTS, category
from schemas.errors import InputError
from schemas.vocabulary import FASHIONAI_VISIBILITY, OCCLUDED, VISIBLE

LONG_SIDE = 512
ABSENT = "-1_-1_-1"
ORDER = ("blouse", "skirt", "outwear", "dress", "trousers")
TRAIN, TEST_A = "train", "r1_test_a"
ANSWERS = "fashionAI_key_points_test_a_answer_20180426.csv"

_CODE = {word: code for code, word in FASHIONAI_VISIBILITY.items()}
_CUT_AS = {"blouse": (1, 2), "skirt": (9,), "outwear": (4,), "dress": (10, 11), "trousers": (8,)}
"""The DeepFashion2 categories that a garment of each category is cut as."""

_OUTFITS = {
    "blouse": (("top", "bottom"), "top"),
    "skirt": (("top", "bottom"), "bottom"),
    "outwear": (("top", "bottom", "outwear"), "outwear"),
    "dress": (("dress",), "dress"),
    "trousers": (("top", "bottom"), "bottom"),
}
"""The outfit of each category, and the role of its garment in it."""

_NECK = {"neckline_left": 2, "center_front": 4, "shoulder_left": 7}
_SHORT_SLEEVE = {"cuff_left_out": 9, "cuff_left_in": 10, "armpit_left": 12}
_LONG_SLEEVE = {"cuff_left_out": 11, "cuff_left_in": 12, "armpit_left": 16}
_LANDMARKS: dict[int, dict[str, int]] = {
    1: _NECK | _SHORT_SLEEVE | {"top_hem_left": 15},
    2: _NECK | _LONG_SLEEVE | {"top_hem_left": 19},
    4: _NECK | _LONG_SLEEVE | {"waistline_left": 17, "top_hem_left": 19},
    8: {"waistband_left": 1, "bottom_left_out": 6, "bottom_left_in": 7, "crotch": 9},
    9: {"waistband_left": 1, "hemline_left": 5},
    10: _NECK | _SHORT_SLEEVE | {"waistline_left": 13, "hemline_left": 17},
    11: _NECK | _LONG_SLEEVE | {"waistline_left": 17, "hemline_left": 21},
}
"""DeepFashion2's landmark number by category and point, left and middle ones; the mirror pairs of
schemas.categories give the right ones."""


@dataclass(frozen=True)
class _Image:
    """An image before it is written: its CSV cells, its scene, its size in pixels."""

    image_id: str
    category: str
    points: tuple[str, ...]
    scene: Scene
    size: tuple[int, int]


def write_fashionai(folder: Path, *, images: int, seed: int = 0) -> dict[str, int]:
    """Write `images` images, a fifth of them test A, and return the number of files per folder.

    The same seed and number give the same bytes. From ten images on, the first one of test A is a
    training image again, and its last skirt is missing from the answers.
    """
    if images < 1:
        raise InputError(f"a sample needs at least one image, not {images}")
    test = images // 5 if images >= 10 else 0
    made = list(_images(images - min(test, 1), seed))
    train = made[: images - test]
    written = {f"{TRAIN}/Images": len(train)}
    _write_pictures(folder / TRAIN, train)
    _write_table(folder / TRAIN / "Annotations" / "train.csv", _sorted(train), end="\n")
    if test:
        tested = _sorted([train[0], *made[images - test :]])
        written[f"{TEST_A}/Images"] = len(tested)
        _write_pictures(folder / TEST_A, tested)
        skirts = [image for image in tested if image.category == "skirt"]
        answered = [image for image in tested if image not in skirts[-1:]]
        _write_table(folder / TEST_A / ANSWERS, answered, end="")
        _write_table(folder / TEST_A / "test.csv", tested, end="\n", points=False)
    return written


def _sorted(images: list[_Image]) -> list[_Image]:
    return sorted(images, key=lambda image: ORDER.index(image.category))


def _write_table(path: Path, images: list[_Image], *, end: str, points: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [("image_id", "image_category", *FASHIONAI_POINTS)]
    rows += [(image.image_id, image.category, *image.points) for image in images]
    lines = [",".join(row if points else row[:2]) for row in rows]
    with atomic_write(path) as file:
        file.write(("\n".join(lines) + end).encode())


def _write_pictures(folder: Path, images: list[_Image]) -> None:
    for image in images:
        path = folder / image.image_id
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = paint(image.scene).resize(image.size, Image.Resampling.LANCZOS)
        picture.save(path, "JPEG", quality=88)


def _images(count: int, seed: int) -> Iterator[_Image]:
    """Images of all five categories in turn."""
    rng = Random(f"fashionai {seed}")
    builder = SceneBuilder(seed, "fashionai")
    for number in range(count):
        name = ORDER[number % len(ORDER)]
        stem = hashlib.md5(f"{seed} {number}".encode(), usedforsecurity=False).hexdigest()
        scene, garment = _scene(builder, name, rng)
        factor = LONG_SIDE / max(scene.width, scene.height)
        size = (round(scene.width * factor), round(scene.height * factor))
        points = _points(name, garment, factor, size)
        yield _Image(f"Images/{name}/{stem}.jpg", name, points, scene, size)


def _scene(builder: SceneBuilder, name: str, rng: Random) -> tuple[Scene, Garment]:
    """A scene with such a garment, usually with over 0.8 of its landmarks inside the picture."""
    outfit, role = _OUTFITS[name]
    attempts = rng.choice((0, 3, 6, 6))
    while True:
        colour = (rng.randint(30, 240), rng.randint(30, 240), rng.randint(30, 240))
        styles = ((Style(1, colour, rng.choice(PATTERNS)), ("shop", "user")),)
        product = Product(1, outfit, role, rng.choice(_CUT_AS[name]), rng.randrange(FITS), styles)
        scene = builder.scene(product, rng.choice(("shop", "user")))
        for garment in scene.garments:
            if garment.shape.category_id not in _CUT_AS[name]:
                continue
            points = garment.points[: garment.shape.landmarks]
            inside = ((points >= 0) & (points <= (scene.width, scene.height))).all(axis=1)
            if inside.mean() > 0.8 or attempts <= 0:
                return scene, garment
        attempts -= 1


def _points(name: str, garment: Garment, factor: float, size: tuple[int, int]) -> tuple[str, ...]:
    """The 24 cells: the category's own points where they are inside the picture or on its edge."""
    numbers = _numbers(garment.shape.category_id)
    declared = next(declared for declared in CATEGORIES["fashionai"] if declared.name == name)
    cells = [ABSENT] * len(FASHIONAI_POINTS)
    for point, slot in zip(declared.landmark_names, declared.slots, strict=True):
        landmark = numbers[point] - 1
        x, y = (round(value * factor) for value in garment.points[landmark].tolist())
        if 0 <= x <= size[0] and 0 <= y <= size[1]:
            word = OCCLUDED if landmark in garment.hidden else VISIBLE
            cells[slot] = f"{x}_{y}_{_CODE[word]}"
    return tuple(cells)


def _numbers(category_id: int) -> dict[str, int]:
    """Landmark numbers of a DeepFashion2 category by point, both sides."""
    mirrors = category("deepfashion2", category_id).mirrors
    partner = {a: b for pair in mirrors for a, b in (pair, pair[::-1])}
    left = _LANDMARKS[category_id]
    right = {
        point.replace("left", "right"): partner[number]
        for point, number in left.items()
        if "left" in point
    }
    return left | right

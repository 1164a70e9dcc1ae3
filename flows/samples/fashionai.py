"""A synthetic FashionAI source as its archives unpack: training set, test A with its answers.

Garments are the DeepFashion2 sample's, seen through FashionAI's key points: each of the 24 names is
one of the landmarks of the shape that is worn. What the source is known for is here too: an image
that is in both sets, a row the answers lost, no newline at their end, points cut off or covered.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from flows.samples.deepfashion2_products import PATTERNS, Product, Style
from flows.samples.deepfashion2_scenes import Garment, Scene, Staging
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
_WORN = {
    "blouse": (1, 2),
    "skirt": (9,),
    "outwear": (4,),
    "dress": (10, 11),
    "trousers": (8,),
}
"""The DeepFashion2 categories a garment of ours is cut as."""

_OUTFITS = {
    "blouse": (("top", "bottom"), "top"),
    "skirt": (("top", "bottom"), "bottom"),
    "outwear": (("top", "bottom", "outwear"), "outwear"),
    "dress": (("dress",), "dress"),
    "trousers": (("top", "bottom"), "bottom"),
}


def _top(cuff_out: int, armpit: int, **more: int) -> dict[str, int]:
    return {
        "neckline_left": 2,
        "center_front": 4,
        "shoulder_left": 7,
        "cuff_left_out": cuff_out,
        "cuff_left_in": cuff_out + 1,
        "armpit_left": armpit,
        **more,
    }


_LEGS = {"waistband_left": 1, "bottom_left_out": 6, "bottom_left_in": 7, "crotch": 9}
_LANDMARKS: dict[int, dict[str, int]] = {
    1: _top(9, 12, top_hem_left=15),
    2: _top(11, 16, top_hem_left=19),
    4: _top(11, 16, waistline_left=17, top_hem_left=19),
    8: _LEGS,
    9: {"waistband_left": 1, "hemline_left": 5},
    10: _top(9, 12, waistline_left=13, hemline_left=17),
    11: _top(11, 16, waistline_left=17, hemline_left=21),
}
"""Landmark numbers of a DeepFashion2 category by point, left and middle; mirrors say the rest."""


@dataclass(frozen=True)
class _Worn:
    """One image to be: its name, its category, its CSV row, and what is to be painted."""

    image_id: str
    category: str
    row: str
    scene: Scene
    size: tuple[int, int]


def write_fashionai(folder: Path, *, images: int, seed: int = 0) -> dict[str, int]:
    """Write `images` images, a fifth of them test A, and return how many files per folder.

    The same seed and number give the same bytes. From ten images on, the first one of test A is a
    training image again, and its last skirt is missing from the answers.
    """
    if images < 1:
        raise InputError(f"a sample needs at least one image, not {images}")
    test = images // 5 if images >= 10 else 0
    made = list(_images(images - min(test, 1), seed))
    train = made[: images - test]
    written = {f"{TRAIN}/Images": len(train)}
    _write_set(folder / TRAIN, train, seed)
    _write_table(folder / TRAIN / "Annotations" / "train.csv", _sorted(train), end="\n")
    if test:
        tested = [train[0], *made[images - test :]]
        written[f"{TEST_A}/Images"] = len(tested)
        _write_set(folder / TEST_A, tested, seed)
        listed = _sorted(tested)
        skirts = [one for one in listed if one.category == "skirt"]
        answered = [one for one in listed if one is not (skirts[-1] if skirts else None)]
        _write_table(folder / TEST_A / ANSWERS, answered, end="")
        _write_table(folder / TEST_A / "test.csv", listed, end="\n", points=())
    return written


def _sorted(images: list[_Worn]) -> list[_Worn]:
    return sorted(images, key=lambda one: ORDER.index(one.category))


def _write_table(
    path: Path, images: list[_Worn], *, end: str, points: tuple[str, ...] = FASHIONAI_POINTS
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ("image_id", "image_category", *points)
    lines = [",".join(columns)]
    lines += [",".join(one.row.split(",")[: len(columns)]) for one in images]
    with atomic_write(path) as file:
        file.write(("\n".join(lines) + end).encode())


def _write_set(folder: Path, images: list[_Worn], seed: int) -> None:
    for one in images:
        path = folder / one.image_id
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = paint(one.scene, Random(f"{seed} {one.image_id}"))
        picture.resize(one.size, Image.Resampling.LANCZOS).save(path, "JPEG", quality=88)


def _images(count: int, seed: int) -> Iterator[_Worn]:
    """Images of all five categories in turn."""
    rng = Random(f"fashionai {seed}")
    staging = Staging(seed, "fashionai")
    for number in range(count):
        name = ORDER[number % len(ORDER)]
        stem = hashlib.md5(f"{seed} {number}".encode(), usedforsecurity=False).hexdigest()
        scene, garment = _scene(staging, name, rng)
        factor = LONG_SIDE / max(scene.width, scene.height)
        size = (round(scene.width * factor), round(scene.height * factor))
        image_id = f"Images/{name}/{stem}.jpg"
        cells = _cells(name, garment, factor, size)
        yield _Worn(image_id, name, ",".join((image_id, name, *cells)), scene, size)


def _scene(staging: Staging, name: str, rng: Random) -> tuple[Scene, Garment]:
    """A picture of somebody who wears such a garment, most of it within the picture, mostly."""
    outfit, role = _OUTFITS[name]
    patience = rng.choice((0, 3, 6, 6))
    while True:
        style = Style(1, _colour(rng), rng.choice(PATTERNS), ("shop", "user"))
        product = Product(1, outfit, role, rng.choice(_WORN[name]), rng.randrange(FITS), (style,))
        scene = staging.scene(product, rng.choice(("shop", "user")))
        for garment in scene.garments:
            if garment.shape.category_id not in _WORN[name]:
                continue
            points = garment.points[: garment.shape.landmarks]
            inside = ((points >= 0) & (points <= (scene.width, scene.height))).all(axis=1)
            if inside.mean() > 0.8 or patience <= 0:
                return scene, garment
        patience -= 1


def _colour(rng: Random) -> tuple[int, int, int]:
    return rng.randint(30, 240), rng.randint(30, 240), rng.randint(30, 240)


def _cells(name: str, garment: Garment, factor: float, size: tuple[int, int]) -> list[str]:
    """The 24 cells: the category's own points where they lie within the picture, its edge too."""
    numbers = _numbers(garment.shape.category_id)
    ours = next(one for one in CATEGORIES["fashionai"] if one.name == name)
    cells = [ABSENT] * len(FASHIONAI_POINTS)
    for point, slot in zip(ours.landmark_names, ours.slots, strict=True):
        landmark = numbers[point] - 1
        x, y = (round(value * factor) for value in garment.points[landmark].tolist())
        if 0 <= x <= size[0] and 0 <= y <= size[1]:
            word = OCCLUDED if landmark in garment.hidden else VISIBLE
            cells[slot] = f"{x}_{y}_{_CODE[word]}"
    return cells


def _numbers(category_id: int) -> dict[str, int]:
    """Landmark numbers of a DeepFashion2 category by point, both sides."""
    known = category("deepfashion2", category_id)
    partner = {a: b for pair in known.mirrors for a, b in (pair, pair[::-1])}
    left = _LANDMARKS[category_id]
    right = {
        point.replace("left", "right"): partner[number]
        for point, number in left.items()
        if "left" in point
    }
    return left | right

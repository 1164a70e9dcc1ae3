"""Garments are cut as the official figure has them, and painted where their labels say."""

from random import Random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from flows.samples.deepfashion2_products import Product, Style
from flows.samples.deepfashion2_scenes import Staging
from flows.samples.garments import FLAT_POSES, wardrobe
from flows.samples.painting import paint
from schemas.categories import CATEGORIES, Category

DEEPFASHION2 = CATEGORIES["deepfashion2"]
RED = (230, 30, 30)

each_category = pytest.mark.parametrize("known", DEEPFASHION2, ids=lambda known: known.name)


def laid_out(known: Category):
    """Shapes of a category on poses that are the same left and right."""
    _, shapes = wardrobe()
    return [shape for pose in shapes[known.category_id][:FLAT_POSES] for shape in pose]


@each_category
def test_a_shape_has_the_landmarks_of_its_category_and_indices_that_exist(known):
    _, shapes = wardrobe()
    for pose in shapes[known.category_id]:
        for shape in pose:
            assert shape.landmarks == known.landmarks <= len(shape.vertices)
            for ring in (shape.outline, *shape.parts):
                assert len(set(ring)) >= 4 and max(ring) < len(shape.vertices)


@each_category
def test_mirror_partners_lie_opposite_each_other_and_the_rest_on_the_axis(known):
    paired = {number for pair in known.mirrors for number in pair}
    for shape in laid_out(known):
        for a, b in known.mirrors:
            (left, height), (right, same) = shape.vertices[a - 1], shape.vertices[b - 1]
            assert left == pytest.approx(-right) and height == pytest.approx(same)
            assert left != 0
        for number in set(range(1, known.landmarks + 1)) - paired:
            assert shape.vertices[number - 1][0] == 0


@each_category
def test_all_but_the_back_of_the_neck_lies_on_the_outline_or_a_part(known):
    for shape in laid_out(known):
        rings = {place for ring in (shape.outline, *shape.parts) for place in ring}
        missing = set(range(known.landmarks)) - rings
        assert missing <= {0}, "landmark 1 is the back of the neck, behind the outline"


def shown(known: Category, seed: int):
    """A shop's picture of a plain red garment of a category."""
    role = next(
        role
        for role, numbers in {
            "top": (1, 2, 5, 6),
            "bottom": (7, 8, 9),
            "dress": (10, 11, 12, 13),
            "outwear": (3, 4),
        }.items()
        if known.category_id in numbers
    )
    styles = (Style(1, RED, "plain", ("user", "shop")),)
    product = Product(1, (role,), role, known.category_id, 0, styles)
    return Staging(seed, "train").scene(product, "shop")


@each_category
def test_the_painted_garment_lies_under_its_outline(known):
    scene = shown(known, seed=known.category_id)
    picture = np.asarray(paint(scene, Random(1))).astype(int)
    red = (picture[..., 0] - picture[..., 1:].max(axis=2)) > 60
    (garment,) = scene.garments
    inside = Image.new("1", (scene.width, scene.height))
    pen = ImageDraw.Draw(inside)
    for ring in (garment.shape.outline, *garment.shape.parts):
        pen.polygon([tuple(point) for point in garment.points[list(ring)].tolist()], fill=1)
    covered = np.asarray(inside)
    assert red[covered].mean() > 0.85
    # The inside of the back, seen through the neckline, is red too and belongs to no outline.
    assert red[~covered].mean() < 0.03

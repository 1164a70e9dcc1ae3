"""Garments are cut as the official figure has them, and painted where their labels say."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from flows.samples.deepfashion2_products import ROLES, Product, Style
from flows.samples.deepfashion2_scenes import Garment, Scene, SceneBuilder
from flows.samples.garments import FITS, FLAT_POSES, POSES, garment_shape
from flows.samples.painting import paint
from schemas.categories import CATEGORIES, Category

DEEPFASHION2 = CATEGORIES["deepfashion2"]
RED = (230, 30, 30)

each_category = pytest.mark.parametrize(
    "category", DEEPFASHION2, ids=lambda category: category.name
)


def shapes(category: Category, poses: range):
    """A category cut on these poses in every fit."""
    return [garment_shape(category.category_id, pose, fit) for pose in poses for fit in range(FITS)]


def laid_out(category: Category):
    """Shapes of a category on poses that are the same left and right."""
    return shapes(category, range(FLAT_POSES))


@each_category
def test_a_shape_has_the_landmarks_of_its_category_and_indices_that_exist(category):
    for cut in shapes(category, range(POSES)):
        assert cut.landmarks == category.landmarks <= len(cut.vertices)
        for ring in (cut.outline, *cut.parts):
            assert len(set(ring)) >= 4 and max(ring) < len(cut.vertices)


@each_category
def test_mirror_partners_lie_opposite_each_other_and_the_rest_on_the_axis(category):
    paired = {number for pair in category.mirrors for number in pair}
    for shape in laid_out(category):
        for a, b in category.mirrors:
            (left, height), (right, same) = shape.vertices[a - 1], shape.vertices[b - 1]
            assert left == pytest.approx(-right) and height == pytest.approx(same)
            assert left != 0
        for number in set(range(1, category.landmarks + 1)) - paired:
            assert shape.vertices[number - 1][0] == 0


@each_category
def test_all_but_the_back_of_the_neck_lies_on_the_outline_or_a_part(category):
    for shape in laid_out(category):
        rings = {place for ring in (shape.outline, *shape.parts) for place in ring}
        missing = set(range(category.landmarks)) - rings
        assert missing <= {0}, "landmark 1 is the back of the neck, behind the outline"


def scene_of(category: Category, *, source: str = "shop", seed: int = 0) -> Scene:
    """A picture of a plain red garment of a category."""
    (role,) = (role for role, shares in ROLES.items() if category.category_id in dict(shares))
    styles = ((Style(1, RED, "plain"), ("user", "shop")),)
    product = Product(1, (role,), role, category.category_id, 0, styles)
    return SceneBuilder(seed or category.category_id, "train").scene(product, source)


def covered_by(garment: Garment, size: tuple[int, int]) -> np.ndarray:
    """The pixels inside the outline and parts of a garment."""
    inside = Image.new("1", size)
    draw = ImageDraw.Draw(inside)
    for ring in (garment.shape.outline, *garment.shape.parts):
        draw.polygon([tuple(point) for point in garment.points[list(ring)].tolist()], fill=1)
    return np.asarray(inside)


@each_category
def test_a_garment_is_painted_inside_its_outline_and_nowhere_else(category):
    scene = scene_of(category)
    picture = np.asarray(paint(scene)).astype(int)
    red = (picture[..., 0] - picture[..., 1:].max(axis=2)) > 60
    (garment,) = scene.garments
    covered = covered_by(garment, (scene.width, scene.height))
    assert red[covered].mean() > 0.95
    # The inside of the back, seen through the neckline, is red too and belongs to no outline.
    assert red[~covered].mean() < 0.02


def test_a_sleeve_across_the_body_leaves_no_hole():
    scene = scene_of(DEEPFASHION2[1], seed=45)  # without parts, 9 % of the garment is a hole
    (garment,) = scene.garments
    picture = np.asarray(paint(scene)).astype(int)
    red = picture[..., 0] - picture[..., 1] > 60
    assert red[covered_by(garment, (scene.width, scene.height))].mean() > 0.97


@pytest.mark.parametrize("pattern", ["plain", "stripes", "checks"])
def test_styles_can_be_told_apart_by_colour_and_pattern(pattern):
    scene = scene_of(DEEPFASHION2[11])
    (garment,) = scene.garments
    style = Style(1, RED, pattern)
    picture = np.asarray(paint(replace(scene, garments=(replace(garment, style=style),))))
    cloth = picture[covered_by(garment, (scene.width, scene.height))]
    colours, counts = np.unique(cloth, axis=0, return_counts=True)
    large = {tuple(colour) for colour in colours[counts > len(cloth) / 20].tolist()}
    assert RED in large
    assert len(large) == {"plain": 1, "stripes": 2, "checks": 3}[pattern]


def test_a_consumer_s_picture_has_a_wall_and_a_floor_and_a_shop_s_is_white():
    shop, user = (
        np.asarray(paint(scene_of(DEEPFASHION2[6], source=source))) for source in ("shop", "user")
    )
    assert shop[0, 0].tolist() == shop[-1, -1].tolist()
    assert shop[0, 0].min() > 230 > user[0, 0].min() > user[-1, -1].min()


def test_the_notation_of_outlines_is_read_as_its_example_says():
    """The skirt, `3 2 1+4 5+6+7 8+`: landmarks from 0, added vertices from 8 on."""
    skirt = garment_shape(9, 0, 0)
    assert skirt.outline == (2, 1, 0, 8, 3, 4, 9, 5, 10, 6, 7, 11)
    x, y = skirt.vertices.T
    assert x[4] < x[9] < x[5] < x[10] < x[6], "two vertices between the landmarks of the hem"
    assert y[0] < y[8] < y[3] and y[2] < y[11] < y[7], "one on either side of the waist"


def test_straps_have_an_outer_edge_on_either_side():
    """Category 6: from landmark 7 down to the bodice at 2, and from the bodice at 6 up to 15."""
    dress = garment_shape(6, 0, 0)
    assert dress.outline[0] == 14
    place = dress.outline.index(6)
    down, up = dress.outline[place + 1 : place + 3], dress.outline[-2:]
    vertices = dress.vertices
    for first, second, top, bodice, side in (
        (*down, 6, 1, -1),
        (*reversed(up), 14, 5, 1),
    ):
        assert vertices[first] == pytest.approx(vertices[top] + (side * 0.07, 0))
        assert vertices[second] == pytest.approx(vertices[bodice] + (side * 0.07, -0.01))

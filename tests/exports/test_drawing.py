"""Annotations are drawn on their pixels, in every EXIF orientation; legend, contact sheet."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from flows.exports.drawing.annotated import (
    AnnotatedItem,
    AnnotatedPicture,
    Landmark,
    annotated_items,
)
from flows.exports.drawing.canvas import NEUTRAL, PALETTE
from flows.exports.drawing.contact_sheet import contact_sheet
from flows.exports.drawing.image import draw_annotations
from schemas import TABLES

WHITE = (255, 255, 255)
RED = {1: (255, 0, 0)}


def an_item(*, item_no=1, style=1, box=(10, 20, 40, 90), landmarks=(), polygons=(), edges=()):
    return AnnotatedItem(item_no, "skirt", style, box, landmarks, polygons, edges)


def a_picture(*items, size=(100, 200), orientation=None, source="user", image_id=1):
    picture = Image.new("RGB", size, WHITE)
    if orientation:
        picture.getexif()[0x0112] = orientation
    return AnnotatedPicture("deepfashion2", "train", image_id, picture, items, source, 7)


def redness(picture: Image.Image) -> np.ndarray:
    """Where a drawing is red, as a boolean array of rows and columns."""
    red, green, blue = np.moveaxis(np.asarray(picture).astype(int), 2, 0)
    return (red > 180) & (green < 90) & (blue < 90)


def plain(shown: AnnotatedPicture, **options) -> Image.Image:
    return draw_annotations(
        shown, legend=False, labels=False, side=max(shown.picture.size) * 4, **options
    )


def test_a_box_is_drawn_on_its_edges():
    drawn = redness(plain(a_picture(an_item()), colours=RED))
    rows, columns = np.nonzero(drawn)
    edges = (columns.min(), rows.min(), columns.max(), rows.max())
    assert np.allclose(np.array(edges) / 4, (10, 20, 40, 90), atol=1.5)


def test_visible_landmarks_are_filled_occluded_ones_hollow_unlabelled_ones_absent():
    landmarks = (
        Landmark(30, 40, "visible"),
        Landmark(70, 40, "occluded"),
        Landmark(None, None, "unlabelled"),
    )
    drawn = redness(plain(a_picture(an_item(box=None, landmarks=landmarks)), colours=RED))
    assert drawn[160, 120]
    assert not drawn[160, 280] and drawn[150:170, 270:290].any()
    assert not drawn[:, :100].any()


@pytest.mark.parametrize(
    ("orientation", "where"),
    [
        (None, (10, 20)),
        (1, (10, 20)),
        (2, (90, 20)),
        (3, (90, 180)),
        (4, (10, 180)),
        (5, (20, 10)),
        (6, (180, 10)),
        (7, (180, 90)),
        (8, (20, 90)),
    ],
)
def test_landmarks_turn_with_the_picture(orientation, where):
    """The same as Pillow's own transposition of a picture with one marked pixel."""
    shown = a_picture(
        an_item(box=None, landmarks=(Landmark(10, 20, "visible"),)), orientation=orientation
    )
    drawn = redness(plain(shown, colours=RED))
    rows, columns = np.nonzero(drawn)
    assert (columns.mean() / 4, rows.mean() / 4) == pytest.approx(where, abs=0.5)
    assert drawn.shape == ((400, 800) if (orientation or 1) > 4 else (800, 400))


def test_small_pictures_are_enlarged_and_the_input_is_unchanged():
    shown = a_picture(an_item(), size=(28, 28))
    before = shown.picture.tobytes()
    assert draw_annotations(shown, legend=False).size == (1008, 1008)
    assert shown.picture.tobytes() == before


def text_lines(picture: Image.Image) -> int:
    """How many lines of text a white area has: runs of rows that are not white."""
    dark = (np.asarray(picture).min(axis=2) < 160).any(axis=1)
    return int(np.sum(dark[1:] & ~dark[:-1]))


def test_the_legend_below_has_a_line_per_item_with_its_colour_and_explains_the_signs():
    visible = tuple(Landmark(9 * k, 30, "visible") for k in range(1, 4))
    items = [an_item(item_no=1, landmarks=visible), an_item(item_no=2, style=2)]
    drawn = draw_annotations(a_picture(*items), colours={1: (255, 0, 0), 2: (0, 0, 255)})
    plain_drawing = draw_annotations(a_picture(*items), legend=False)
    legend = drawn.crop((0, plain_drawing.height, *drawn.size))
    assert drawn.width == max(560, plain_drawing.width) and text_lines(legend) == 4
    for colour in ((255, 0, 0), (0, 0, 255)):
        rows, columns = np.nonzero((np.asarray(legend) == colour).all(axis=2))
        assert len(rows) > 20 and columns.max() < 40  # one dot at the left
    signs = np.asarray(legend)[-50:].astype(int)
    assert (np.abs(signs - NEUTRAL).sum(axis=2) < 12).sum() > 50


def test_the_legend_counts_landmarks_and_says_when_there_is_no_item():
    def legend(*items):
        drawn = draw_annotations(a_picture(*items))
        return drawn.crop((0, 1000, *drawn.size)).tobytes()

    visible, occluded = (an_item(landmarks=(Landmark(9, 9, v),)) for v in ("visible", "occluded"))
    assert len({legend(), legend(an_item()), legend(visible), legend(occluded)}) == 4


def test_a_missing_picture_is_a_grey_area_of_its_size_that_says_so():
    missing = AnnotatedPicture("deepfashion2", "train", 1, None, (), "user", 7, (100, 200))
    drawn = np.asarray(draw_annotations(missing, legend=False))
    assert drawn.shape == (1000, 500, 3)
    assert (drawn[0, 0] == (214, 217, 221)).all()
    assert (drawn[450:550].min(axis=2) < 120).any()


def test_drawing_is_the_same_every_time():
    shown = a_picture(an_item(polygons=(((1, 1), (30, 2), (20, 60)),), edges=((1, 2),)))
    assert draw_annotations(shown).tobytes() == draw_annotations(shown).tobytes()


def test_a_contact_sheet_has_consumers_left_and_shops_right_in_the_colour_of_the_style():
    user = a_picture(an_item(box=(5, 5, 95, 195)), image_id=1)
    shop = a_picture(an_item(box=(5, 5, 95, 195)), source="shop", image_id=2)
    other = a_picture(an_item(style=0, box=(5, 5, 95, 195)), source="shop", image_id=3)
    sheet = np.asarray(contact_sheet([shop, other, user], columns=2)).astype(int)
    near = np.abs(sheet - np.array(PALETTE[0])).sum(axis=2) < 120
    grey = np.abs(sheet - np.array(NEUTRAL)).sum(axis=2) < 12
    left, right = near[:400, :330], near[:400, 330:]
    assert left.any() and right.any()
    assert not near[560:900, 330:].any() and grey[560:900, 330:].any()


def test_a_contact_sheet_of_nothing_is_wrong_use():
    with pytest.raises(ValueError, match="at least one picture"):
        contact_sheet([])


def test_rows_of_the_tables_become_items_to_draw():
    key = {"dataset": "deepfashion2", "split": "train", "image_id": 3, "item_no": 1}
    item = dict.fromkeys(TABLES["items"].schema.names) | key
    item |= {"category_id": 9, "category_name": "skirt", "style": 2}
    item |= {"x1": 1.0, "y1": 2.0, "x2": 30.0, "y2": 40.0}
    mark = {"landmark_no": 1, "landmark_name": None, "x": 5.0, "y": 6.0, "visibility": "visible"}
    outline = {"polygon_no": 1, "points": [1.0, 2.0, 3.0, 4.0, 5.0, 1.0], "point_count": 3}
    by_image = annotated_items(
        pa.Table.from_pylist([item]),
        pa.Table.from_pylist([key | mark]),
        pa.Table.from_pylist([key | outline]),
    )
    (drawn,) = by_image["deepfashion2", "train", 3]
    assert drawn.box == (1, 2, 30, 40) and drawn.style == 2
    assert drawn.landmarks == (Landmark(5.0, 6.0, "visible"),)
    assert drawn.polygons == (((1.0, 2.0), (3.0, 4.0), (5.0, 1.0)),)
    assert (1, 4) in drawn.edges

"""Predictions over items: dashed lines and crosses, labels with scores, masks as outlines."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from flows.exports.drawing.annotated import AnnotatedItem, AnnotatedPicture, Landmark, PredictedItem
from flows.exports.drawing.canvas import dashes
from flows.exports.drawing.image import PREDICTION, TRUTH, draw_annotations, prediction_label
from flows.exports.drawing.outlines import mask_outlines

ITEM = AnnotatedItem(1, "skirt", 1, (10, 20, 60, 90), (), (), ())
BOX = PredictedItem(7, "skirt", 0.876, (30, 40, 80, 110))


def a_picture(*items: AnnotatedItem, predictions: tuple = (), turn: int = 1) -> AnnotatedPicture:
    picture = Image.new("RGB", (100, 120), "white")
    picture.getexif()[0x0112] = turn
    return AnnotatedPicture("d", "s", 1, picture, items, predictions=predictions)


def pixels(shown: AnnotatedPicture, colour: tuple) -> np.ndarray:
    """Where a drawing at four times the size has about this colour: rows x columns."""
    drawn = draw_annotations(shown, legend=False, labels=False, side=480)
    return np.abs(np.asarray(drawn).astype(int) - colour).sum(axis=2) < 180


def test_truth_and_prediction_have_their_colours_on_their_edges():
    shown = a_picture(ITEM, predictions=(BOX,))
    for colour, box in ((TRUTH, ITEM.box), (PREDICTION, BOX.box)):
        rows, columns = np.nonzero(pixels(shown, colour))
        edges = np.array((columns.min(), rows.min(), columns.max(), rows.max())) / 4
        assert np.allclose(edges, box, atol=1.5)


def test_a_prediction_is_dashed_and_the_truth_is_not():
    """The shapes differ, not only the colours: along an edge the dashes have gaps."""
    shown = a_picture(ITEM, predictions=(BOX,))
    along_truth = pixels(shown, TRUTH)[90:320, 36:45].any(axis=1)
    along_prediction = pixels(shown, PREDICTION)[170:420, 316:325].any(axis=1)
    assert along_truth.all()
    assert np.count_nonzero(np.diff(along_prediction.astype(int))) > 8
    assert 0.4 < along_prediction.mean() < 0.8


def test_predicted_landmarks_are_crosses_and_absent_ones_are_not_drawn():
    landmarks = ((50.0, 60.0), None)
    truth = replace(ITEM, box=None, landmarks=(Landmark(20.0, 60.0, "visible"),))
    shown = a_picture(truth, predictions=(replace(BOX, box=None, landmarks=landmarks),))
    cross, dot = pixels(shown, PREDICTION), pixels(shown, TRUTH)
    rows, columns = np.nonzero(cross)
    assert (columns.mean() / 4, rows.mean() / 4) == pytest.approx((50, 60), abs=0.5)
    assert cross[[237, 237, 242, 242], [197, 202, 197, 202]].all()
    assert not cross[[240, 237, 242, 240], [197, 200, 200, 202]].any()
    assert dot[240, 79:82].all()


@pytest.mark.parametrize(("turn", "place"), [(1, (20, 30)), (3, (80, 90)), (6, (90, 20))])
def test_predictions_turn_with_the_picture(turn, place):
    point = replace(BOX, box=None, landmarks=((20.0, 30.0),))
    rows, columns = np.nonzero(pixels(a_picture(predictions=(point,), turn=turn), PREDICTION))
    assert (columns.mean() / 4, rows.mean() / 4) == pytest.approx(place, abs=0.6)


def test_a_label_has_the_category_and_the_score_where_there_is_one():
    assert prediction_label(BOX) == "skirt 0.88"
    assert prediction_label(replace(BOX, score=None)) == "skirt"


def test_the_legend_has_a_line_per_prediction_and_explains_both_sides():
    def legend(*predictions: PredictedItem) -> np.ndarray:
        drawn = np.asarray(draw_annotations(a_picture(ITEM, predictions=predictions)))
        return drawn[1000:].astype(int)

    none, single, double = legend(), legend(BOX), legend(BOX, BOX)
    assert len(none) == len(single) < len(double)  # `no prediction` is a line, too
    for colour in (TRUTH, PREDICTION):
        assert (np.abs(single[-40:] - colour).sum(axis=2) < 60).sum() > 40
    without = np.asarray(draw_annotations(replace(a_picture(ITEM), predictions=None)))[1000:]
    assert len(without) < len(none)


def test_dashes_go_on_around_corners():
    drawn = list(dashes([(0, 0), (7, 0), (7, 10)], 5, 3))
    assert drawn == [[(0, 0), (5, 0)], [(7, 1), (7, 6)], [(7, 9), (7, 10)]]


@pytest.mark.parametrize("seed", range(30))
def test_outlines_of_a_mask_enclose_its_pixels(seed):
    random = np.random.default_rng(seed)
    mask = random.random(random.integers(1, 40, 2)) < random.random()
    inside = np.zeros_like(mask)
    for outline in mask_outlines(mask):
        assert outline[0] == outline[-1]
        for (x1, y1), (x2, y2) in pairwise(outline):
            assert (x1 == x2) != (y1 == y2)
            if x1 == x2:  # a pixel is inside where an odd number of edges is to its left
                inside[min(y1, y2) : max(y1, y2), x1:] ^= True
    assert (inside == mask).all()


def test_an_extent_is_the_box_or_around_all_points():
    assert BOX.extent == BOX.box
    points = replace(BOX, box=None, landmarks=((3.0, 9.0), None), outlines=(((1.0, 5.0),),))
    assert points.extent == (1, 5, 3, 9)
    assert replace(BOX, box=None).extent is None

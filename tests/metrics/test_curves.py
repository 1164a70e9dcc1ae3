"""Precision over recall from details, against pycocotools and against copies of images."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prediction_details import EVERYTHING, coco_evaluation, generated_coco, precision_details

from flows.metrics.bootstrap import image_counts, ratios
from flows.metrics.curves import (
    RECALLS,
    THRESHOLDS,
    found_by_image,
    precision_recall,
    ranked_detections,
)
from schemas.details import PRECISION_DETAILS


def of_category(rows: pa.Table, category: int) -> pa.Table:
    return rows.filter(pc.field("category_id") == category)


@pytest.mark.parametrize("seed", range(6))
def test_curves_equal_those_of_pycocotools(seed):
    evaluation = coco_evaluation(*generated_coco(seed))
    rows = precision_details(evaluation)
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    assert (precision > -1).any()
    for place, category in enumerate(evaluation.params.catIds):
        ranked = ranked_detections(of_category(rows, category))
        curve = precision_recall(ranked)[0]
        assert (curve.T == precision[:, :, place, 0, -1].T).all(), "the last bit"
        for at, limit in enumerate((1, 10, 100)):
            matches = found_by_image(ranked, limit).sum()
            assert matches / ranked.truths.sum() == pytest.approx(
                recall[:, place, 0, at].mean(), abs=1e-12
            )
    curves = [
        precision_recall(ranked_detections(of_category(rows, category)))[0]
        for category in evaluation.params.catIds
    ]
    assert np.mean(curves) == pytest.approx(evaluation.stats[0], abs=1e-12)
    assert np.mean([curve[0] for curve in curves]) == pytest.approx(evaluation.stats[1], abs=1e-12)
    assert np.mean([curve[5] for curve in curves]) == pytest.approx(evaluation.stats[2], abs=1e-12)


def copied(truth: dict, detections: list[dict], drawn: np.ndarray) -> tuple[dict, list[dict]]:
    """The truth and the detections of the drawn images, every copy with its own number."""
    annotations, results, pictures = [], [], []
    for copy, image in enumerate(sorted(drawn.tolist()), start=1):
        pictures.append({"id": copy, "width": 200, "height": 200})
        results += [row | {"image_id": copy} for row in detections if row["image_id"] == image]
        for row in truth["annotations"]:
            if row["image_id"] == image:
                annotations.append(row | {"image_id": copy, "id": len(annotations) + 1})
    return truth | {"images": pictures, "annotations": annotations}, results


def test_a_sample_has_the_scores_of_its_images_copied_for_pycocotools():
    truth, detections = generated_coco(3, images=25)
    for image in range(1, 26):  # equal scores between images only: see precision_recall
        for place, row in enumerate(row for row in detections if row["image_id"] == image):
            row["score"] += place / 1e6
    rows = precision_details(coco_evaluation(truth, detections))
    image_ids = np.arange(1, 26)
    counts = image_counts(25, 4, seed=11)
    ranked = [ranked_detections(of_category(rows, number), image_ids) for number in (1, 2, 3)]
    curves = [precision_recall(ranking, counts) for ranking in ranked]
    truths = np.stack([ranking.truths for ranking in ranked], axis=1)
    for sample, row in enumerate(counts):
        evaluation = coco_evaluation(*copied(truth, detections, np.repeat(image_ids, row)))
        for place in range(3):
            expected = evaluation.eval["precision"][:, :, place, 0, -1]
            assert (curves[place][sample] == expected).all()
        for at, limit in enumerate((1, 10, 100)):
            matches = np.stack([found_by_image(ranking, limit) for ranking in ranked], axis=1)
            recalls = ratios(counts[[sample]], matches, truths)
            assert recalls.mean() == pytest.approx(evaluation.stats[6 + at], abs=1e-12)


DETECTIONS = st.lists(
    st.tuples(st.sampled_from((0.1, 0.5, 0.9)), st.integers(0, 1023), st.integers(0, 1023)),
    max_size=3,
    unique_by=lambda detection: detection[0],
)
"""Score, found and ignored. Scores are equal between images only: see precision_recall."""


def row_of(image: int, detections: list[tuple[float, int, int]]) -> dict:
    """A row whose detections find an item each at the thresholds of their bits."""
    ranked = sorted(detections, reverse=True)
    return {
        **EVERYTHING,
        "image_id": image,
        "category_id": 1,
        "truths": len(ranked),
        "missed": [],
        "detections": [
            dict(zip(("row", "score", "found", "ignored"), (1, *values), strict=True))
            for values in ranked
        ],
    }


@given(st.lists(DETECTIONS, min_size=1, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_any_details_have_a_curve_that_falls_with_recall(images, random):
    rows = [row_of(image, detections) for image, detections in enumerate(images)]
    table = pa.Table.from_pylist(rows, PRECISION_DETAILS.schema)
    curve = precision_recall(ranked_detections(table))
    assert curve.shape == (1, len(THRESHOLDS), len(RECALLS))
    assert np.isnan(curve).all() == (table["truths"].to_numpy().sum() == 0)
    defined = np.nan_to_num(curve)
    assert ((defined >= 0) & (defined <= 1)).all()
    assert (np.diff(defined, axis=2) <= 0).all()
    random.shuffle(rows)
    shuffled = pa.Table.from_pylist(rows, PRECISION_DETAILS.schema)
    assert np.array_equal(precision_recall(ranked_detections(shuffled)), curve, equal_nan=True)


@given(st.lists(DETECTIONS, min_size=1, max_size=6), st.integers(0, 5))
@settings(max_examples=60)
def test_any_sample_has_the_curve_of_its_copies(images, seed):
    table = pa.Table.from_pylist(
        [row_of(image, detections) for image, detections in enumerate(images)],
        PRECISION_DETAILS.schema,
    )
    counts = image_counts(len(images), 3, seed)
    curves = precision_recall(ranked_detections(table), counts)
    for curve, row in zip(curves, counts, strict=True):
        copies = table.take(np.repeat(np.arange(len(images)), row))
        numbers = pa.array(range(len(copies)), pa.int64())
        copies = copies.set_column(
            table.schema.get_field_index("image_id"), table.schema.field("image_id"), numbers
        )
        expected = precision_recall(ranked_detections(copies))[0]
        assert np.array_equal(curve, expected, equal_nan=True)


def test_a_category_without_rows_has_no_curve():
    table = PRECISION_DETAILS.schema.empty_table()
    assert np.isnan(precision_recall(ranked_detections(table))).all()

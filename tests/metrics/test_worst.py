"""The worst rows of details: which, and in an order that does not depend on that of the file."""

import numpy as np
import pyarrow as pa
import pytest
from prediction_details import (
    class_details,
    coco_evaluation,
    generated_coco,
    point_details,
    precision_details,
    retrieval_details,
)

from flows.metrics.worst import (
    confusion,
    false_positives,
    largest_errors,
    missed_items,
    whole_split,
    worst_queries,
)
from schemas.details import CLASS_DETAILS, PRECISION_DETAILS


@pytest.fixture(scope="module")
def precision() -> pa.Table:
    return precision_details(coco_evaluation(*generated_coco(3)))


def shuffled(rows: pa.Table) -> pa.Table:
    return rows.take(np.random.default_rng(1).permutation(len(rows)))


def test_wrong_detections_count_and_match_nothing_the_surest_first(precision):
    wrong = [
        (-detection["score"], detection["row"], row["image_id"], row["category_id"])
        for row in precision.to_pylist()
        for detection in row["detections"]
        if not (detection["found"] | detection["ignored"]) & 1
    ]
    assert len(wrong) > 20
    expected = [
        {"row": number, "image_id": image, "category_id": category, "score": -score}
        for score, number, image, category in sorted(wrong)
    ]
    assert false_positives(precision, 1000) == expected
    assert false_positives(shuffled(precision), 5) == expected[:5]


def test_a_detection_that_does_not_count_is_not_wrong(precision):
    (row,) = [row for row in precision.to_pylist() if row["detections"]][:1]
    detection = row["detections"][0] | {"found": 0, "ignored": 1022}
    for ignored, count in ((1022, 1), (1023, 0)):  # the lowest bit is that of 0.50
        row["detections"] = [detection | {"ignored": ignored}]
        rows = pa.Table.from_pylist([row], PRECISION_DETAILS.schema)
        assert len(false_positives(rows, 5)) == count


def test_missed_items_are_those_of_the_rows(precision):
    expected = [(row["image_id"], no) for row in precision.to_pylist() for no in row["missed"]]
    missed = missed_items(precision)
    assert expected == list(
        zip(*(missed[name].to_pylist() for name in missed.column_names), strict=True)
    )


def test_subsets_and_the_fewer_landmarks_are_left_out(precision):
    def of(rows: pa.Table, **columns: str) -> pa.Table:
        changed = [row | columns for row in rows.slice(0, 3).to_pylist()]
        return pa.Table.from_pylist(changed, PRECISION_DETAILS.schema)

    both = of(precision, landmarks="visible_occluded")
    rows = pa.concat_tables(
        [of(precision, landmarks="visible"), both, of(both, attribute="scale", value="small")]
    )
    assert whole_split(rows).to_pylist() == both.to_pylist()
    assert whole_split(precision).to_pylist() == precision.to_pylist()


def test_nothing_is_worst_in_details_without_rows():
    empty = PRECISION_DETAILS.schema.empty_table()
    assert false_positives(whole_split(empty), 5) == [] == missed_items(empty).to_pylist()


def test_images_come_by_the_mean_error_of_their_points():
    details = point_details(2)
    errors: dict[int, list[float]] = {}
    for row in details.to_pylist():
        errors.setdefault(row["image_id"], []).append(row["error"])
    means = sorted(((np.mean(own), image) for image, own in errors.items()), reverse=True)
    worst = largest_errors(shuffled(details), 4)
    assert [(row["image_id"], row["points"]) for row in worst] == [
        (image, len(errors[image])) for _, image in means[:4]
    ]
    assert [row["error"] for row in worst] == pytest.approx([mean for mean, _ in means[:4]])


def test_queries_take_turns_by_the_reason_they_missed_then_come_late_hits():
    details = retrieval_details(5)
    worst = worst_queries(shuffled(details), 1000)
    outcomes = [row["outcome"] for row in worst]
    assert set(outcomes[:4]) == {
        "not in the list",
        "gallery box too far",
        "wrong category",
        "not detected",
    }
    ranks = [row["rank"] for row in worst if row["rank"]]
    assert outcomes.index("hit") == len(worst) - len(ranks)
    assert ranks == sorted(ranks, reverse=True) and min(ranks) > 1
    assert worst_queries(details, 7) == worst[:7]


def test_a_confusion_counts_every_pair_and_images_without_a_prediction():
    details = class_details(4)
    names = {number: f"c{number}" for number in range(10)}
    rows = confusion(details, names, "none")
    assert len(rows) == 100 and sum(row["images"] for row in rows) == len(details)
    counts = {(row["category"], row["predicted"]): row["images"] for row in rows}
    pairs = [(row["category_id"], row["predicted_id"]) for row in details.to_pylist()]
    assert counts["c3", "c3"] == pairs.count((3, 3))
    lost = pa.Table.from_pylist(
        [{"image_id": 1, "category_id": 2, "predicted_id": None}], CLASS_DETAILS.schema
    )
    rows = confusion(lost, names, "none")
    assert [row for row in rows if row["images"]] == [
        {"category": "c2", "predicted": "none", "images": 1}
    ]

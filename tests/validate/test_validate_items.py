"""Which items validation rejects, for which reason, and what stays."""

import math
import random

import pyarrow as pa
import pytest
from builders import annotations, item, landmark
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.validate import validate_items
from flows.validate.rules import RULES
from schemas.rejection_rules import RULES as WORDS
from schemas.rejections import REJECTIONS

FLAT = [0.0, 0.0, 9.0, 0.0, 9.0, 9.0]

BROKEN = {
    "wrong_type": [
        {"category_name": None},
        {"x1": None},
        {"landmarks": [landmark(visibility=None)] * 8},
        {"landmarks": [landmark(x=None)] * 8},
        {"landmarks": [landmark(x=None, y=None)] * 8},
        {"landmarks": None},
        {"polygons": None},
        {"polygons": [FLAT, None]},
        {"polygons": [[0.0, 0.0, None, 0.0, 9.0, 9.0]]},
    ],
    "unknown_category": [{"category_id": 14}, {"category_id": 0}, {"category_id": -1}],
    "landmark_count": [
        {"landmarks": []},
        {"landmarks": [landmark()] * 7},
        {"landmarks": [landmark()] * 9},
        {"category_id": 8},
    ],
    "odd_polygon": [
        {"polygons": [FLAT, FLAT[:5]]},
        {"polygons": [FLAT[:4]]},
        {"polygons": [[]]},
    ],
    "non_finite": [
        {"x2": math.inf},
        {"y2": math.nan},
        {"x1": -1e7},
        {"landmarks": [landmark(x=-1e7)] * 8},
        {"polygons": [FLAT, [0.0, 0.0, 9.0, 0.0, 9.0, -1e7]]},
        {"landmarks": [landmark(y=math.nan)] * 8},
        {"polygons": [FLAT, [0.0, 0.0, 9.0, 0.0, 9.0, math.inf]]},
    ],
    "inverted_box": [{"x1": 91.0}, {"y2": 9.0}],
}

UNUSUAL = [
    {"x1": 90.0, "y1": 80.0},  # a box of one point
    {"x1": -5.0, "x2": 5000.0},  # outside any picture
    {"x1": None, "y1": None, "x2": None, "y2": None},
    {"style": None, "scale": None, "viewpoint": None},
    {"polygons": []},
    {"category_name": "trousers"},
    {"landmarks": [landmark(None, None, "unlabelled")] * 8},
    {"landmarks": [landmark(3.0, 4.0, "unlabelled")] * 8},
    {"item_no": 32767},
]


@pytest.mark.parametrize(
    ("rule", "change"), [(rule, change) for rule, changes in BROKEN.items() for change in changes]
)
def test_a_broken_item_leaves_for_its_rule_and_the_others_stay(rule, change):
    batch = annotations([item(1), item(2) | change, item(3)], [item(1)])
    accepted, refused = validate_items(batch)
    (row,) = refused.to_pylist()
    assert row["rule"] == rule
    assert (row["image_id"], row["item_no"]) == (1, 2)
    assert row["file_name"] == "train/annos/000001.json"
    assert row["message"].startswith("`$.item2")
    kept = [
        [kept_item["item_no"] for kept_item in items] for items in accepted["items"].to_pylist()
    ]
    assert kept == [[1, 3], [1]]
    accepted.validate(full=True)


def test_every_rule_has_a_broken_item_here_and_a_word_in_the_schema():
    names = [rule.name for rule in RULES]
    assert names == list(BROKEN)
    assert set(names) <= set(WORDS)


@pytest.mark.parametrize("change", UNUSUAL, ids=str)
def test_an_unusual_item_stays(change):
    batch = annotations([item(**change)])
    accepted, refused = validate_items(batch)
    assert accepted == batch
    assert len(refused) == 0
    assert refused.schema.equals(REJECTIONS.schema, check_metadata=True)


def test_an_item_that_breaks_many_rules_is_refused_once_for_the_first():
    worst = item(category_id=99, landmarks=[], polygons=[[1.0]], x1=math.nan, y1=900.0)
    _, refused = validate_items(annotations([worst]))
    assert refused["rule"].to_pylist() == ["unknown_category"]


@pytest.mark.parametrize(
    ("change", "message", "excerpt"),
    [
        ({"x2": math.inf}, "`$.item1.bounding_box[2]`: is not a finite number", "inf"),
        ({"y1": 2e6}, "`$.item1.bounding_box[1]`: is not in pixels", "2000000.0"),
        (
            {"landmarks": [landmark()] * 7 + [landmark(y=math.nan)]},
            "`$.item1.landmarks[22]`: is not a finite number",
            "nan",
        ),
        (
            {"polygons": [FLAT, [*FLAT, 1.0]]},
            "`$.item1.segmentation[1]`: 7 numbers are not a polygon of three points or more",
            "[0.0, 0.0, 9.0, 0.0, 9.0, 9.0, 1.0]",
        ),
        (
            {"y1": 100.0},
            "`$.item1.bounding_box`: ends before it begins (x1, y1, x2, y2)",
            "[10.0, 100.0, 90.0, 80.0]",
        ),
        ({"category_id": 20}, "`$.item1.category_id`: deepfashion2 defines no such category", "20"),
        ({"category_name": None}, "`$.item1`: null where a value is needed", "['category_name']"),
    ],
)
def test_a_rejection_names_the_place_as_the_source_does(change, message, excerpt):
    _, refused = validate_items(annotations([item(**change)]))
    (row,) = refused.to_pylist()
    assert (row["message"], row["excerpt"]) == (message, excerpt)


def test_items_without_landmarks_are_accepted_where_a_list_or_a_data_set_has_none():
    skirt = item(category_id=4, landmarks=[], polygons=[], place="row 7")
    where = {"dataset": "fashionai", "split": "test_a", "document": None}
    assert len(validate_items(annotations([skirt], **where))[1]) == 0
    _, refused = validate_items(annotations([skirt | {"landmarks": [landmark()] * 3}], **where))
    (row,) = refused.to_pylist()
    assert row["message"] == "`row 7.landmarks`: 3 landmarks, category 4 (skirt) has 4"
    assert row["file_name"] == "000001.jpg"
    shoe = item(category_id=0, landmarks=[], polygons=[])
    assert len(validate_items(annotations([shoe], dataset="fashion-mnist"))[1]) == 0
    assert len(validate_items(annotations([item(category_id=0)], dataset="fashion-mnist"))[1]) == 1


def test_images_stay_when_all_their_items_go_and_rejections_name_their_image():
    broken = [item(1, x1=99.0)]
    accepted, refused = validate_items(
        annotations(broken, [], [item(1, y1=99.0), item(2)], [item(1), item(2, x1=99.0)])
    )
    rows = [(row["image_id"], row["item_no"]) for row in refused.to_pylist()]
    assert rows == [(1, 1), (3, 1), (4, 2)]
    assert [len(items) for items in accepted["items"].to_pylist()] == [0, 0, 1, 1]


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.randoms(use_true_random=False), st.integers(0, 4), st.integers(0, 4))
def test_a_slice_is_validated_as_a_batch_of_itself(rng: random.Random, start, length):
    changes = [change for group in BROKEN.values() for change in group] + UNUSUAL
    images = [
        [item(number) | rng.choice(changes) for number in range(1, rng.randint(1, 4))]
        for _ in range(4)
    ]
    batch = annotations(*images)
    part = batch.slice(start, length)
    copied = pa.RecordBatch.from_pylist(part.to_pylist(), schema=part.schema)

    # By their text, because NaN equals nothing.
    for of_slice, of_copy in zip(validate_items(part), validate_items(copied), strict=True):
        assert str(of_slice.to_pylist()) == str(of_copy.to_pylist())
    accepted, refused = validate_items(part)
    count = sum(len(items) for items in part["items"].to_pylist())
    kept = sum(len(items) for items in accepted["items"].to_pylist())
    assert count == kept + len(refused)
    assert len(validate_items(accepted)[1]) == 0

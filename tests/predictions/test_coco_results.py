"""COCO results: what is read from JSON and Parquet, and the sentence for each invalid record."""

import numpy as np
import pytest
from coco_results import IMAGES, POINTS, SQUARE, box, mask, record, refusal, skirt, table, written
from pycocotools import mask as pycocotools

from flows.predictions import json_blocks, read_boxes, read_landmarks, read_masks
from schemas.errors import InputError
from schemas.predictions import PREDICTED_BOXES, PREDICTED_LANDMARKS, PREDICTED_MASKS


def test_boxes_are_read_in_the_order_of_the_files(tmp_path):
    first = written(tmp_path, [box(), box(image_id=7, category_id=1, score=-3)], "a.json")
    second = written(tmp_path, [box(image_id=2, id=5, area=1.5, iscrowd=0)], "b.json")
    rows = table(read_boxes([first, second], IMAGES))
    assert rows.schema.equals(PREDICTED_BOXES.schema)
    assert rows["row"].to_pylist() == [1, 2, 3]
    assert rows["image_id"].to_pylist() == [1, 7, 2]
    assert rows["category_id"].to_pylist() == [9, 1, 9]
    assert rows["score"].to_pylist() == [0.5, -3.0, 0.5]
    assert rows.select(["x", "y", "width", "height"]).to_pylist()[2] == {
        "x": 1.5, "y": 2.0, "width": 30.0, "height": 40.25,
    }  # fmt: skip


def test_landmarks_are_read_as_the_file_has_them(tmp_path):
    everything = [0.5] * 882
    path = written(tmp_path, [skirt(), skirt(keypoints=everything, num_keypoints=294)])
    rows = table(read_landmarks([path], IMAGES))
    assert rows.schema.equals(PREDICTED_LANDMARKS.schema)
    assert rows["keypoints"].to_pylist() == [POINTS, everything]


def test_masks_become_compressed_run_lengths(tmp_path):
    pixels = np.zeros((20, 30), np.uint8, order="F")
    pixels.T.reshape(-1)[40:50] = 1
    text = pycocotools.encode(pixels)["counts"].decode()
    other = [14.0, 3.0, 20.0, 3.0, 20.0, 9.0]
    path = written(
        tmp_path,
        [
            mask(),
            mask({"size": [20, 30], "counts": text}),
            mask([SQUARE, other]),
            mask({"size": [5, 5], "counts": [25]}, image_id=7),
        ],
    )
    rows = table(read_masks([path], IMAGES))
    assert rows.schema.equals(PREDICTED_MASKS.schema)
    union = pycocotools.merge(pycocotools.frPyObjects([SQUARE, other], 20, 30))["counts"]
    assert rows["counts"].to_pylist()[:3] == [text.encode(), text.encode(), union]
    assert rows["height"].to_pylist() == [20, 20, 20, 5]
    assert rows["width"].to_pylist() == [30, 30, 30, 5]


SENTENCES = {
    "an_unknown_image": (box(image_id=3), "$.image_id: 3 is not an annotated image of the split"),
    "an_unknown_category": (
        box(category_id=14), "$.category_id: 14 is not a category of DeepFashion2"
    ),
    "a_huge_category": (
        box(category_id=2**16 + 9), "$.category_id: 65545 is not a category of DeepFashion2"
    ),
    "a_huge_image": (box(image_id=10**30), "$.image_id: expected `int` <= 9223372036854775807"),
    "a_fraction": (box(image_id=1.5), "$.image_id: expected `int`, got `float`"),
    "a_boolean": (box(image_id=True), "$.image_id: expected `int`, got `bool`"),
    "a_boolean_score": (box(score=True), "$.score: expected `float`, got `bool`"),
    "a_number_as_text": (box(score="0.5"), "$.score: expected `float`, got `str`"),
    "null": (box(score=None), "$.score: expected `float`, got `null`"),
    "a_score_that_is_not_a_number": (box(score=float("nan")), "$.score: is not a finite number"),
    "an_infinite_edge": (box(bbox=[1, 2, float("-inf"), 4]), "$.bbox[2]: is not a finite number"),
    "three_numbers": (box(bbox=[1, 2, 3]), "$.bbox: has 3 numbers, not x, y, width and height"),
    "no_numbers": (box(bbox=[]), "$.bbox: has 0 numbers, not x, y, width and height"),
    "a_negative_height": (box(bbox=[1, 2, 3, -4]), "$.bbox: width 3.0 or height -4.0 is negative"),
    "a_box_as_object": (box(bbox={"x": 1}), "$.bbox: expected `array`, got `object`"),
    "nested": (box(bbox=[[1], 2, 3, 4]), "$.bbox[0]: expected `float`, got `array`"),
    "a_missing_field": (record(), "$: object missing required field `bbox`"),
    "an_unknown_field": (box(scores=1), "$: object contains unknown field `scores`"),
    "a_number": (7, "$: expected `object`, got `int`"),
    "landmarks_of_another_category": (
        skirt(keypoints=POINTS[:21]),
        "$.keypoints: has 21 numbers, not 882 or the 24 of category 9",
    ),
    "a_landmark_in_words": (skirt(keypoints=["1"]), "$.keypoints[0]: expected `float`, got `str`"),
    "an_infinite_landmark": (
        skirt(keypoints=[*POINTS[:23], float("inf")]),
        "$.keypoints[23]: is not a finite number",
    ),
    "another_size": (
        mask({"size": [30, 20], "counts": [600]}),
        "$.segmentation.size: 30 x 20 is not the height and width of the picture",
    ),
    "too_few_pixels": (
        mask({"size": [20, 30], "counts": [599]}),
        "$.segmentation.counts: 599 pixels in all, not 20 x 30",
    ),
    "a_negative_run": (
        mask({"size": [20, 30], "counts": [610, -10]}),
        "$.segmentation.counts[1]: expected `int` >= 0",
    ),
    "runs_that_are_cut": (
        mask({"size": [20, 30], "counts": "hb"}),
        "$.segmentation.counts: is empty, or a number in it is cut or too long",
    ),
    "empty_runs": (
        mask({"size": [20, 30], "counts": ""}),
        "$.segmentation.counts: is empty, or a number in it is cut or too long",
    ),
    "runs_of_other_characters": (
        mask({"size": [20, 30], "counts": "h~0"}),
        "$.segmentation.counts: has characters outside of compressed run lengths",
    ),
    "runs_below_zero": (
        mask({"size": [20, 30], "counts": "hb0H"}),
        "$.segmentation.counts: has a negative run length",
    ),
    "no_size": (mask({"counts": "hb0"}), "$.segmentation: object missing required field `size`"),
    "too_many_pixels": (
        mask({"size": [2**31 - 1, 2**31 - 1], "counts": [0]}, image_id=7),
        "$.segmentation.size: 2147483647 x 2147483647 is more than 4,294,967,295 pixels",
    ),
    "polygons_without_a_size": (
        mask([SQUARE], image_id=7),
        "$.segmentation: polygons need the size of the picture, which is unknown",
    ),
    "a_line": (
        mask([SQUARE, [1, 2, 3, 4]]),
        "$.segmentation[1]: 4 numbers are not x, y of three points or more",
    ),
    "no_polygon": (mask([]), "$.segmentation: has no polygon"),
    "a_flat_polygon": (mask(SQUARE), "$.segmentation[0]: expected `array`, got `float`"),
}  # fmt: skip


@pytest.mark.parametrize("name", SENTENCES)
def test_an_invalid_record_is_refused_with_row_and_field(tmp_path, name):
    invalid, sentence = SENTENCES[name]
    fields = set(invalid) if isinstance(invalid, dict) else set()
    reader, valid = {
        "keypoints": (read_landmarks, skirt()),
        "segmentation": (read_masks, mask()),
    }.get(next(iter(fields & {"keypoints", "segmentation"}), ""), (read_boxes, box()))
    assert refusal(tmp_path, [valid, invalid, valid], reader) == f"row 2: {sentence}."


def test_the_row_counts_on_over_files_and_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(json_blocks, "BLOCK", 64)
    first = written(tmp_path, [box()] * 10, "a.json")
    second = written(tmp_path, [*[box()] * 7, box(image_id=9)], "b.json")
    with pytest.raises(InputError, match=r"b.json: row 18: \$.image_id: 9 is not an annotated"):
        list(read_boxes([first, second], IMAGES))

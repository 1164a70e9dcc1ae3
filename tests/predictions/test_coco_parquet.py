"""COCO results in Parquet: the same rows as from JSON, and the sentence for each invalid column."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from coco_results import IMAGES, POINTS, SQUARE, box, mask, skirt, table, written

from flows.predictions import read_boxes, read_landmarks, read_masks
from schemas.errors import InputError

NUMBERS = pa.list_(pa.float64())


def parquet(folder, records: Any, types: Any = None):
    """A file of these records, with these types of columns in place of the inferred ones."""
    rows = records if isinstance(records, pa.Table) else pa.Table.from_pylist(records)
    for name, type_ in (types or {}).items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, rows[name].cast(type_))
    pq.write_table(rows, folder / "results.parquet")
    return folder / "results.parquet"


RLE = {"size": [20, 30], "counts": "X1:Va0"}
SAME = {
    "boxes": (read_boxes, [box(), box(image_id=2)], {}),
    "whole_numbers": (read_boxes, [box(bbox=[1, 2, 3, 4], score=1)] * 2, {}),
    "narrow_types": (
        read_boxes,
        [box(bbox=[1, 2, 3, 4.5])],
        {"image_id": pa.uint8(), "score": pa.float16(), "bbox": pa.list_(pa.float32(), 4)},
    ),
    "landmarks": (read_landmarks, [skirt(), skirt(keypoints=[0.5] * 882)] * 600, {}),
    "large_lists": (read_landmarks, [skirt()], {"keypoints": pa.large_list(pa.float32())}),
    "run_lengths": (read_masks, [mask(RLE)] * 3, {}),
    "run_lengths_as_numbers": (read_masks, [mask()] * 3, {}),
    "polygons": (read_masks, [mask([SQUARE]), mask([SQUARE, SQUARE])], {}),
    "none": (
        read_boxes,
        [],
        {"image_id": pa.int64(), "category_id": pa.int8(), "score": pa.float64(), "bbox": NUMBERS},
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_parquet_gives_the_rows_of_json(tmp_path, name):
    reader, records, types = SAME[name]
    columns = list(records[0] if records else types)
    rows = pa.Table.from_pylist(records or [dict.fromkeys(columns)]).slice(0, len(records))
    read = table_of(reader, parquet(tmp_path, rows, types))
    assert read.equals(table_of(reader, written(tmp_path, records)))


def table_of(reader, path) -> pa.Table:
    """All rows of a file as one chunk."""
    batches = list(reader([path], IMAGES))
    return pa.Table.from_batches(batches).combine_chunks() if batches else pa.table({})


def test_run_lengths_may_be_bytes(tmp_path):
    type_ = pa.struct({"size": pa.list_(pa.int32()), "counts": pa.binary()})
    runs = {"size": [20, 30], "counts": b"X1:Va0"}
    rows = pa.Table.from_pylist(
        [mask(runs)],
        pa.schema(
            [("image_id", "int64"), ("category_id", "int64"), ("score", "float64"),
             ("segmentation", type_)]
        ),
    )  # fmt: skip
    assert table(read_masks([parquet(tmp_path, rows)], IMAGES))["counts"].to_pylist() == [b"X1:Va0"]


def columns(**changes: Any) -> pa.Table:
    """Two boxes as columns; None drops a column."""
    values = {
        "image_id": [1, 2], "category_id": [9, 9], "score": [0.5, 0.5], "bbox": [[1.0] * 4] * 2,
    } | changes  # fmt: skip
    return pa.table({name: value for name, value in values.items() if value is not None})


NAN = float("nan")
REFUSED = {
    "no_column": (columns(score=None), "$.score: is missing."),
    "an_unknown_column": (columns(scores=[1, 1]), "$.scores: is an unknown field."),
    "a_column_twice": (
        columns().append_column("score", pa.array([1, 1])), "$.score: occurs twice.",
    ),
    "fractions_of_images": (
        columns(image_id=[1.0, 2.0]), "$.image_id: is double, not an integer.",
    ),
    "booleans": (columns(category_id=[True, True]), "$.category_id: is bool, not an integer."),
    "text": (columns(score=["1", "1"]), "$.score: is string, not a number."),
    "a_box_of_text": (
        columns(bbox=[["1"] * 4] * 2), "$.bbox: is list<element: string>, not a list of numbers.",
    ),
    "a_null": (columns(image_id=[1, None]), "row 2: $.image_id: is null."),
    "a_null_box": (columns(bbox=[[1.0] * 4, None]), "row 2: $.bbox: is null."),
    "a_null_edge": (columns(bbox=[[1.0] * 4, [1, 2, None, 4]]), "row 2: $.bbox: has a null."),
    "an_unknown_image": (
        columns(image_id=[1, 3]),
        "row 2: $.image_id: 3 is not an annotated image of the split.",
    ),
    "a_huge_image": (
        columns(image_id=pa.array([1, 2**63], pa.uint64())), "row 2: $.image_id: Integer value",
    ),
    "a_score_that_is_not_a_number": (
        columns(score=[0.5, NAN]), "row 2: $.score: nan is not a finite number.",
    ),
    "an_infinite_edge": (
        columns(bbox=[[1.0] * 4, [1, 2, 3, float("inf")]]),
        "row 2: $.bbox[3]: inf is not a finite number.",
    ),
    "five_numbers": (
        columns(bbox=[[1.0] * 4, [1.0] * 5]),
        "row 2: $.bbox: has 5 numbers, not x, y, width and height.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_column_is_refused(tmp_path, name):
    rows, sentence = REFUSED[name]
    path = parquet(tmp_path, rows)
    with pytest.raises(InputError) as error:
        list(read_boxes([path], IMAGES))
    assert str(error.value).startswith(f"{path}: {sentence}")


@pytest.mark.parametrize(
    "segmentation, problem",
    [
        (1.5, ": expected `object | array`, got `float`"),
        ({"size": [20, None], "counts": "h"}, ".size[1]: expected `int`, got `null`"),
        ([[1.0, 2, 3, 4, 5, NAN]], "[0]: has a number that is not finite"),
        ([[1.0, 2, 3, 4, 5, None]], "[0][5]: expected `float`, got `null`"),
    ],
)
def test_an_invalid_mask_is_refused(tmp_path, segmentation, problem):
    path = parquet(tmp_path, [mask(segmentation)])
    with pytest.raises(InputError) as error:
        list(read_masks([path], IMAGES))
    assert str(error.value) == f"{path}: row 1: $.segmentation{problem}."


def test_a_large_file_is_read_in_batches(tmp_path):
    path = parquet(tmp_path, [skirt()] * 3000)
    batches = list(read_landmarks([path], IMAGES))
    assert max(map(len, batches)) <= 1024
    assert np.array_equal(table(batches)["row"], np.arange(1, 3001))
    assert table(batches)["keypoints"].to_pylist() == [POINTS] * 3000

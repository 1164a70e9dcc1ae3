"""What headers and column descriptions claim, held against data that could contradict it."""

import re

import pytest
import sqlglot
from builders import garment, photo
from releases import answers, write_files
from sqlglot import exp

from flows.warehouse import queries, query
from schemas import TABLES

pytestmark = pytest.mark.slow

ROUNDED = {}
for _one in queries():
    _last = sqlglot.parse_one(_one.text, read="duckdb")
    _digits = {
        int(rounding.args["decimals"].name)
        for column in _last.selects
        for rounding in column.find_all(exp.Round)
    }
    if _digits:
        ROUNDED[_one.name] = _digits


@pytest.mark.parametrize("name", sorted(ROUNDED))
def test_a_header_states_the_rounding_of_its_columns(name):
    text = " ".join([query(name).prose, *query(name).columns.values()])
    assert {int(digits) for digits in re.findall(r"to (\d) decimals", text)} == ROUNDED[name]
    assert "actual" not in text


def test_rounded_shares_add_up_to_1_only_within_their_rounding(tmp_path):
    words = ["visible", "occluded", "unlabelled"]
    items = [garment(number, 1) for number in (1, 2, 3)]
    landmarks = [
        {"image_id": number, "landmark_no": 1, "visibility": word, "x": 1.0, "y": 1.0}
        for number, word in enumerate(words, start=1)
    ]
    files = write_files(tmp_path, items=items, landmarks=landmarks)
    (row,) = answers(files, "landmark_visibility")
    total = sum(row[f"{word}_share"] for word in words)
    assert total != 1 and total == pytest.approx(1, abs=3e-6)
    assert "add up to 1 within that" in query("landmark_visibility").prose


@pytest.fixture(scope="module")
def flat_boxes(tmp_path_factory):
    """A skirt with a box of 10 x 20, one without width, one without height; vests without width."""
    items = [
        garment(1, 1, box=(0, 0, 10, 20)),
        garment(2, 1, box=(5, 0, 5, 20)),
        garment(3, 1, box=(0, 5, 10, 5)),
        garment(4, 1, box=(5, 5, 5, 9), category_id=5, category_name="vest"),
    ]
    numbers = range(1, 5)
    return write_files(
        tmp_path_factory.mktemp("flat"),
        images=[photo(number, "user", 1, width=100, height=100) for number in numbers],
        items=items,
        landmarks=[{"image_id": n, "landmark_no": 1, "x": 5.0, "y": 5.0} for n in numbers],
        polygons=[{"image_id": n, "polygon_no": 1, "point_count": 3, "area": 100.0}
                  for n in numbers],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "measured", "rows"),
    [
        ("box_sizes", "boxes", {(9, 1, 2): 2, (5, 0, 1): 2}),
        ("box_size_bins", "boxes", {(9, 1, 2): 2}),
        ("polygon_shapes", "polygons", {(9, 3, 2): 1, (5, 1, 1): 1}),
        ("mean_landmark_shape", "landmarks", {(9, 1, 2): 1, (5, 0, 1): 1}),
    ],
)
def test_boxes_without_width_or_height_are_counted(flat_boxes, name, measured, rows):
    found = answers(flat_boxes, name)
    counts = [(row["category_id"], row[measured], row["flat_boxes"]) for row in found]
    assert {key: counts.count(key) for key in counts} == rows
    assert "zero width or height" in query(name).columns["flat_boxes"]


def test_measures_of_flat_boxes_alone_are_null(flat_boxes):
    (_, vest) = [row for row in answers(flat_boxes, "box_sizes") if row["category_id"] == 5]
    assert vest["median"] is None
    (outline,) = [row for row in answers(flat_boxes, "polygon_shapes") if row["category_id"] == 5]
    assert outline["outline_to_box"] is None
    shapes = answers(flat_boxes, "mean_landmark_shape")
    assert [row["mean_x"] for row in shapes if row["category_id"] == 5] == [None]
    assert [row["mean_x"] for row in shapes if row["category_id"] == 9] == [0.5]


def test_a_normaliser_length_is_between_labelled_points(tmp_path):
    ends = [("armpit_left", 0.0, "visible"), ("armpit_right", 30.0, "unlabelled")]
    files = write_files(
        tmp_path,
        items=[garment(1, None, dataset="fashionai", category_id=1, category_name="blouse")],
        landmarks=[
            {"dataset": "fashionai", "landmark_no": number, "landmark_name": name, "x": x, "y": 0.0}
            | {"visibility": word}
            for number, (name, x, word) in enumerate(ends, start=1)
        ],
    )
    (row,) = answers(files, "normaliser_lengths")
    assert (row["items"], row["measured"], row["one_end_absent"]) == (1, 0, 1)


def test_the_schema_says_whose_file_is_measured_where_the_source_has_none():
    for name in ("file_name", "format", "byte_size", "sha256"):
        doc = TABLES["images"].schema.field(name).metadata[b"doc"].decode()
        assert "Fashion-MNIST" in doc and "PNG" in doc
    assert "Fashion-MNIST has no picture files" in query("source_sizes").prose


def test_negatives_of_the_same_pair_are_described_by_their_rule():
    header = query("negative_pairs")
    assert "ard negative" not in header.title + header.prose and "need not match" in header.prose


def test_the_split_column_does_not_claim_to_have_three_words():
    doc = TABLES["images"].schema.field("split").metadata[b"doc"].decode()
    assert "test_a" in doc and doc.endswith("...")  # FashionAI's sets have names of their own

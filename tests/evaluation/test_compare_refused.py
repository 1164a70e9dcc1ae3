"""What `wardrobe compare` refuses, each with one sentence and exit code 2."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from prediction_details import (
    class_details,
    coco_evaluation,
    generated_coco,
    point_details,
    precision_details,
    retrieval_details,
    write_details,
)

from schemas.details import FOOTER


@pytest.fixture(scope="module")
def details(tmp_path_factory) -> Path:
    """A file of details of a detection."""
    rows = precision_details(coco_evaluation(*generated_coco(3)))
    path = tmp_path_factory.mktemp("details") / "a.parquet"
    return write_details(rows, path, "detection", "deepfashion2")


def refusal(a: Path, b: Path, *options: object) -> str:
    """The sentence that `compare` ends with."""
    done = wardrobe("compare", a, b, *options)
    assert is_one_sentence(done), done
    return done.stderr.removeprefix("wardrobe: ").rstrip("\n")


def with_value(rows: pa.Table, column: str, value: object, row: int = 0) -> pa.Table:
    """The rows with another value in a column of one row."""
    records = rows.to_pylist()
    records[row][column] = value
    fields = [field.with_nullable(True) for field in rows.schema]
    return pa.Table.from_pylist(records, pa.schema(fields, rows.schema.metadata))


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        ({"task": "segmentation"}, "the task is detection in A, segmentation in B"),
        ({"dataset": "fashionai"}, "the dataset is deepfashion2 in A, fashionai in B"),
        ({"split": "train"}, "the split is validation in A, train in B"),
    ],
)
def test_other_origins_are_not_comparable(details, tmp_path, origin, reason):
    rows = pq.read_table(details)
    words = {"task": "detection", "dataset": "deepfashion2"} | origin
    other = write_details(rows, tmp_path / "b.parquet", **words)
    assert refusal(details, other) == f"A and B are not comparable: {reason}"


def test_other_releases_are_comparable_if_their_truth_is_the_same(details, tmp_path):
    rows = pq.read_table(details)
    other = write_details(
        rows, tmp_path / "b.parquet", "detection", "deepfashion2", release="20270101T000000-1"
    )
    assert wardrobe("compare", details, other, "--samples", 2).returncode == 0


@pytest.mark.parametrize(
    ("build", "task", "dataset", "column", "value"),
    [
        (retrieval_details, "retrieval", "deepfashion2", "scale", "unknown"),
        (retrieval_details, "retrieval", "deepfashion2", "style", 9),
        (point_details, "landmarks", "fashionai", "normaliser", 1.5),
        (class_details, "classification", "fashion-mnist", "category_id", 7),
    ],
)
def test_other_truths_are_not_comparable(tmp_path, build, task, dataset, column, value):
    a = write_details(build(1), tmp_path / "a.parquet", task, dataset)
    b = write_details(with_value(build(2), column, value), tmp_path / "b.parquet", task, dataset)
    sentence = refusal(a, b)
    assert sentence.startswith("A and B have different truths, first at image_id 1, "), sentence


def test_another_number_of_items_is_another_truth(details, tmp_path):
    rows = pq.read_table(details)
    place = next(place for place, row in enumerate(rows.to_pylist()) if row["truths"])
    row = rows.to_pylist()[place]
    other = with_value(rows, "truths", row["truths"] + 1, place)
    b = write_details(other, tmp_path / "b.parquet", "detection", "deepfashion2")
    assert refusal(details, b) == (
        f"A and B have different truths, first at attribute all, value all, image_id "
        f"{row['image_id']}, category_id {row['category_id']}, truths {row['truths']}"
    )


def test_evaluations_without_a_common_image_are_not_comparable(tmp_path):
    rows = point_details(1).to_pylist()
    schema = point_details(1).schema
    halves = [[row for row in rows if row["image_id"] % 2 == rest] for rest in (0, 1)]
    a, b = (
        write_details(pa.Table.from_pylist(half, schema), tmp_path / name, "landmarks", "fashionai")
        for name, half in zip("ab", halves, strict=True)
    )
    assert refusal(a, b) == "A and B have no rows in common"


def detection(**values: object) -> dict[str, object]:
    return {"row": 1, "score": 0.5, "found": 0, "ignored": 0} | values


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("category_id", 14, "category_id is unknown"),
        ("image_id", None, "image_id is null"),
        ("mode", "dropped", "mode is unknown"),
        ("detections", None, "detections is null"),
        ("detections", [detection(score=float("nan"))], "a score is not a finite number"),
        (
            "detections",
            [detection(), detection(score=0.6)],
            "detections are not in order of their scores",
        ),
        ("detections", [detection(found=1024)], "an outcome has more than 10 bits"),
        ("detections", [detection(found=1)] * 20, "more items have a match than count"),
    ],
)
def test_damaged_rows_are_named(details, tmp_path, column, value, problem):
    rows = with_value(pq.read_table(details), column, value, row=2)
    b = write_details(rows, tmp_path / "b.parquet", "detection", "deepfashion2")
    assert refusal(details, b) == f"{b} is damaged: row 3: {problem}"


def test_a_row_that_is_there_twice_is_named(tmp_path):
    rows = class_details(1)
    rows = pa.concat_tables([rows, rows.slice(4, 1)])
    b = write_details(rows, tmp_path / "b.parquet", "classification", "fashion-mnist")
    assert refusal(b, b) == f"{b} is damaged: row 61: the same image_id as another row"


def test_an_error_that_is_no_number_is_named(tmp_path):
    rows = with_value(point_details(1), "error", float("inf"), row=1)
    b = write_details(rows, tmp_path / "b.parquet", "landmarks", "fashionai")
    assert refusal(b, b) == f"{b} is damaged: row 2: error is not a finite number"


def test_another_type_is_named(tmp_path):
    rows = class_details(1)
    rows = rows.set_column(1, "category_id", rows["category_id"].cast(pa.int64()))
    b = write_details(rows, tmp_path / "b.parquet", "classification", "fashion-mnist")
    assert refusal(b, b) == f"{b}: category_id is of type int64, not int16"


FOOTERS = {
    "without a footer": None,
    "a footer that is not JSON": b"{",
    "a footer that is not UTF-8": b'{"task": "\xff"}',
    "a list": b"[]",
    "deep nesting": b"[" * 100_000,
    "no task": json.dumps({"dataset": "deepfashion2"}).encode(),
}


@pytest.mark.parametrize("kind", FOOTERS)
def test_files_without_the_footer_are_not_details(details, tmp_path, kind):
    rows, path = pq.read_table(details), tmp_path / "b.parquet"
    metadata = {**rows.schema.metadata, FOOTER: FOOTERS[kind]}
    if FOOTERS[kind] is None:
        del metadata[FOOTER]
    pq.write_table(rows.replace_schema_metadata(metadata), path)
    sentence = f"{path} is not a file that `wardrobe evaluate --details` wrote"
    assert refusal(details, path) == sentence


def test_details_of_an_unknown_data_set_are_refused(details, tmp_path):
    b = write_details(pq.read_table(details), tmp_path / "b.parquet", "detection", "other")
    assert refusal(details, b) == f"{b} is not a file that `wardrobe evaluate --details` wrote"


def test_files_that_are_not_parquet_are_refused(details, tmp_path):
    whole = details.read_bytes()
    contents = {"empty": b"", "text": b"image_id,category\n1,2\n", "half": whole[: len(whole) // 2]}
    middle = bytearray(whole)
    middle[4:2000] = b"\0" * 1996
    for name, content in (contents | {"zeros": bytes(middle)}).items():
        path = tmp_path / name
        path.write_bytes(content)
        assert refusal(details, path).startswith(f"{path} cannot be read as Parquet: ")
    for path in (tmp_path, tmp_path / "absent"):
        assert refusal(path, details) == f"{path} is not a file"


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--confidence", 1, "--confidence 1.0 is not between 0 and 1"),
        ("--confidence", "nan", "--confidence nan is not between 0 and 1"),
        ("--samples", 0, "invalid value for '--samples'"),
        ("--samples", 10**9, "invalid value for '--samples'"),
        ("--seed", -1, "invalid value for '--seed'"),
        ("--output", "compared.xlsx", "compared.xlsx: name it .csv, .json or .parquet"),
    ],
)
def test_other_values_of_options_are_refused(details, option, value, reason):
    assert reason in refusal(details, details, option, value)

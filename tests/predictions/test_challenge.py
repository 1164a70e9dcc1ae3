"""Every problem of a challenge file is reported, with the first record that has it."""

import json
from io import BytesIO

import pytest

from flows.predictions import json_blocks
from flows.predictions.challenge import Problems, add_problems

LANDMARKS = {"image_id": 1, "category_id": 1, "keypoints": [1.5, 2, 1] * 294, "score": 0.5}
RETRIEVAL = {
    "query_image_id": 1,
    "query_bbox": [1, 2, 3.5, 4],
    "query_cls": 13,
    "query_score": 1,
    "gallery_image_id": [8] * 20,
    "gallery_bbox": [[1, 2, 3, 4]] * 20,
}
IMAGES = {
    "landmarks": {"image_id": ("an image of the split", {1, 2, 8})},
    "retrieval": {
        "query_image_id": ("a consumer's image", {1, 2}),
        "gallery_image_id": ("a shop's image", {8}),
    },
}


def problems_of(data: bytes, task: str = "landmarks") -> tuple[int, list[tuple]]:
    """The number of records, and each problem as (field, problem, count, row, value)."""
    problems = Problems()
    count = add_problems(problems, BytesIO(data), task, IMAGES[task])
    kinds = problems.kinds.values()
    return count, [(p.field, p.problem, p.count, p.row, p.value) for p in kinds]


def dumped(*records: object) -> bytes:
    return json.dumps(records).encode()


def changed(task: str, **values: object) -> dict:
    """A valid record with other values; None removes a field."""
    record = (LANDMARKS if task == "landmarks" else RETRIEVAL) | values
    return {name: value for name, value in record.items() if value is not None}


@pytest.mark.parametrize(("task", "record"), [("landmarks", LANDMARKS), ("retrieval", RETRIEVAL)])
@pytest.mark.parametrize("block", [1, 50, 7000, 1 << 20])
def test_valid_files_have_no_problems_in_blocks_of_any_size(task, record, block, monkeypatch):
    monkeypatch.setattr(json_blocks, "BLOCK", block)
    text = json.dumps([record] * 5, indent=1).encode()
    assert problems_of(b" " + text + b"\n", task) == (5, [])


@pytest.mark.parametrize(
    ("task", "values", "problem"),
    [
        ("landmarks", {"score": None}, ("score", "is missing")),
        ("landmarks", {"id": 7}, ("", "has a field that is not in the format", "id")),
        ("landmarks", {"image_id": "1"}, ("image_id", "expected `int`, got `str`", '"1"')),
        ("landmarks", {"image_id": True}, ("image_id", "expected `int`, got `bool`", "true")),
        ("landmarks", {"image_id": 3}, ("image_id", "is not an image of the split", "3")),
        ("landmarks", {"image_id": 10**40}, ("image_id", "is not an image of the split")),
        ("landmarks", {"category_id": 14}, ("category_id", "expected `int` <= 13", "14")),
        ("landmarks", {"category_id": 0}, ("category_id", "expected `int` >= 1", "0")),
        ("landmarks", {"score": float("nan")}, ("score", "is not a finite number")),
        ("landmarks", {"score": [0.5]}, ("score", "expected `float`, got `array`", "[0.5]")),
        (
            "landmarks",
            {"keypoints": [1, 2, 1] * 25},
            ("keypoints", "does not have 882 entries", "75 entries"),
        ),
        (
            "landmarks",
            {"keypoints": [1, "x", 1] + [1, 2, 1] * 293},
            ("keypoints[1]", "expected `float`, got `str`", '"x"'),
        ),
        (
            "retrieval",
            {"gallery_image_id": [8] * 10},
            ("gallery_image_id", "does not have 20 entries", "10 entries"),
        ),
        (
            "retrieval",
            {"gallery_bbox": [[1, 2, 3, 4]] * 19 + [[1, 2, 3]]},
            ("gallery_bbox[19]", "does not have 4 entries", "3 entries"),
        ),
        ("retrieval", {"query_image_id": 8}, ("query_image_id", "is not a consumer's image", "8")),
        (
            "retrieval",
            {"gallery_image_id": [8] * 19 + [1]},
            ("gallery_image_id", "is not a shop's image", "1"),
        ),
        (
            "retrieval",
            {"query_bbox": [50, 60, 10, 20]},
            ("query_bbox", "is not x1, y1, x2, y2", "[50,60,10,20]"),
        ),
        ("retrieval", {"query_cls": None}, ("query_cls", "is missing")),
    ],
)
def test_a_problem_of_a_field_names_field_record_and_value(task, values, problem):
    data = dumped(changed(task), changed(task, **values), changed(task))
    count, ((field, text, occurrences, row, value),) = problems_of(data, task)
    assert (count, field, text, occurrences, row) == (3, *problem[:2], 1, 2)
    assert value.startswith(problem[2:] or "")


def test_all_problems_of_all_records_are_counted_by_kind():
    bad = changed("landmarks", image_id=3, score=None, keypoints=[1])
    count, problems = problems_of(dumped(LANDMARKS, bad, bad, changed("landmarks", image_id=9)))
    assert count == 4
    assert [problem[:4] for problem in problems] == [
        ("keypoints", "does not have 882 entries", 2, 2),
        ("score", "is missing", 2, 2),
        ("image_id", "is not an image of the split", 3, 2),
    ]


def test_places_in_lists_are_of_one_kind():
    first = changed("landmarks", keypoints=[1, "x", 1] + [1, 2, 1] * 293)
    second = changed("landmarks", keypoints=[1, 2, "x"] + [1, 2, 1] * 293)
    _, ((field, _, count, row, _),) = problems_of(dumped(first, second))
    assert (field, count, row) == ("keypoints[1]", 2, 1)


def test_a_long_list_of_unknown_fields_is_one_problem():
    record = LANDMARKS | {f"field_{number}": 1 for number in range(500)}
    _, ((_, problem, count, _, value),) = problems_of(dumped(record))
    assert (problem, count, value) == ("has a field that is not in the format", 500, "field_0")


TWICE = dumped(LANDMARKS).replace(b'"score"', b'"image_id": 1, "score"')


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", ("", "the file is empty", None, "")),
        (b"\xef\xbb\xbf[]", ("", "the file is not a list of results", None, "\ufeff[]")),
        (dumped(LANDMARKS)[1:-1], ("", "the file is not a list of results", None, '{"image_id"')),
        (b'{"annotations": [1]}', ("", "the file is not a list of results", None, '{"annot')),
        (b"\x1f\x8b\x08", ("", "the file is compressed: give the JSON file", None, "")),
        ("[{}]".encode("utf-16"), ("", "the file is not a list of results", None, "")),
        (b" [ ] ", ("", "the list has no results", None, "")),
        (b"[1, 2]", ("", "the file is not a list of results", None, "[1, 2]")),
        (dumped(LANDMARKS)[:-1], ("", "the list does not end after this record", 1, "")),
        (dumped(LANDMARKS)[:-90], ("", "the file is not a list of results", None, '[{"im')),
        (dumped(LANDMARKS) + b"]", ("", "the list does not end after this record", 1, "]]")),
        (dumped(LANDMARKS)[:-1] + b",]", ("", "the list does not end after this record", 1, ",]")),
        (dumped(5, LANDMARKS), ("", "a record after `[` was expected", 1, "[5, {")),
        (dumped(LANDMARKS, 5, LANDMARKS), ("", "a record after `,` was expected", 2, ", 5, {")),
        (TWICE, ("", "has a field twice", 1, '{"image_id": 1')),
        (dumped(LANDMARKS).replace(b"0.5", b"0,5"), ("", "is not valid JSON: ", 1, "{")),
        (dumped(LANDMARKS).replace(b"0.5", b"\xff"), ("", "is not valid JSON: ", 1, "{")),
        (b"[{" + b'"a":[' * 100_000 + b"]" * 100_000 + b"}]", ("", "is not valid JSON: ", 1, "{")),
    ],
)
def test_a_file_that_is_not_a_list_of_records_is_described(data, problem):
    _, ((field, text, _, row, value), *others) = problems_of(data)
    assert (field, row) == (problem[0], problem[2]) and text.startswith(problem[1])
    assert value.startswith(problem[3])
    assert not others or problem[1].startswith("is not valid JSON")


def test_records_after_a_broken_one_are_checked():
    broken = b'[{"image_id": 01}, ' + dumped(changed("landmarks", score="x"))[1:]
    count, problems = problems_of(broken)
    assert (count, [problem[3] for problem in problems]) == (2, [1, 2])


def test_a_record_without_end_is_not_read_into_memory(monkeypatch):
    monkeypatch.setattr(json_blocks, "BLOCK", 100)
    monkeypatch.setattr(json_blocks, "MAX_RECORD", 1_000)
    file = BytesIO(b'[{"a": "' + b"x" * 100_000)
    problems = Problems()
    assert add_problems(problems, file, "landmarks", IMAGES["landmarks"]) == 0
    assert file.tell() < 3_000
    assert [*problems.kinds] == [("", "has more than 1,000 bytes")]

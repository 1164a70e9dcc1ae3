"""Files of retrieval results: rows as written, in JSON and Parquet; a sentence for broken ones."""

import json
import random
from copy import deepcopy

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retrieval_results import BOX, result

from flows.predictions import json_blocks, read_retrieval, retrieval
from flows.predictions.retrieval import EDGES
from schemas.errors import InputError
from schemas.predictions import GALLERY_DETECTIONS, QUERY_DETECTIONS

EXTREME = 1e6
COORDINATE = st.floats(-EXTREME, EXTREME)
BOXES = st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE).map(
    lambda box: [min(box[::2]), min(box[1::2]), max(box[::2]), max(box[1::2])]
)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
RESULTS = st.builds(
    result,
    BOXES,
    st.integers(1, 13),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.tuples(NUMBERS, BOXES), min_size=1, max_size=20),
    NUMBERS,
)


def written(path, records):
    """The records in a file of the format that its name ends with."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(records), path, row_group_size=3)
    else:
        path.write_text(json.dumps(records))
    return path


def expected(records):
    """The rows of both tables, from the records."""
    queries, gallery = [], []
    for row, record in enumerate(records, start=1):
        edges = dict(zip(EDGES, record["query_bbox"], strict=True))
        queries.append(
            {
                "row": row,
                "image_id": record["query_image_id"],
                "item_no": None,
                "category_id": record["query_cls"],
                "score": record["query_score"],
            }
            | edges
        )
        ranked = zip(record["gallery_image_id"], record["gallery_bbox"], strict=True)
        for rank, (image_id, box) in enumerate(ranked, start=1):
            edges = dict(zip(EDGES, box, strict=True))
            gallery.append({"row": row, "rank": rank, "image_id": image_id} | edges)
    return queries, gallery


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
@settings(max_examples=20)
@given(records=st.lists(RESULTS, min_size=1, max_size=8), seed=st.integers(0, 99))
def test_rows_are_the_records_of_the_files(suffix, records, seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    cut = random.Random(seed).randint(1, len(records))
    parts = [part for part in (records[:cut], records[cut:]) if part]
    paths = [written(folder / f"{number}{suffix}", part) for number, part in enumerate(parts)]
    read = read_retrieval(paths)
    assert (read.queries.to_pylist(), read.gallery.to_pylist()) == expected(records)
    assert read.queries.schema == QUERY_DETECTIONS.schema
    assert read.gallery.schema == GALLERY_DETECTIONS.schema
    assert read.last_rows == (cut, len(records))[: len(parts)]


def test_a_file_is_read_in_blocks(tmp_path, monkeypatch):
    records = [result(score=number / 100) for number in range(100)]
    monkeypatch.setattr(json_blocks, "BLOCK", 3000)
    monkeypatch.setattr(retrieval, "BATCH", 7)
    for suffix in (".json", ".parquet"):
        read = read_retrieval([written(tmp_path / f"results{suffix}", records)])
        assert (read.queries.to_pylist(), read.gallery.to_pylist()) == expected(records)
        assert read.queries["row"].num_chunks > 5


def test_an_empty_list_has_no_rows(tmp_path):
    read = read_retrieval([written(tmp_path / "results.json", [])])
    assert (len(read.queries), len(read.gallery), read.last_rows) == (0, 0, (0,))


BIG = 2 * EXTREME
WRONG = {
    "image_as_text": ("query_image_id", "000001", "$.query_image_id: expected `int`, got `str`"),
    "image_true": ("query_image_id", True, "$.query_image_id: expected `int`, got `bool`"),
    "image_null": ("query_image_id", None, "$.query_image_id: expected `int`, got `null`"),
    "image_a_fraction": ("query_image_id", 1.5, "$.query_image_id: expected `int`, got `float`"),
    "image_huge": ("query_image_id", 2**64, "$.query_image_id: "),
    "box_of_three": ("query_bbox", [1, 2, 3], "$.query_bbox: expected `array` of length 4"),
    "box_of_five": ("query_bbox", [1, 2, 3, 4, 5], "$.query_bbox: expected `array` of length 4"),
    "box_an_object": ("query_bbox", {"x1": 1}, "$.query_bbox: expected `array`, got `object`"),
    "box_inverted": ("query_bbox", [5, 0, 4, 1], "$.query_bbox: x2 is left of x1"),
    "box_upside_down": ("query_bbox", [0, 5, 1, 4], "$.query_bbox: y2 is above y1"),
    "box_beyond": ("query_bbox", [0, 0, BIG, 1], "$.query_bbox[2]: expected `float` <= 1000000"),
    "box_true": ("query_bbox", [0, 0, True, 1], "$.query_bbox[2]: expected `float`, got `bool`"),
    "box_text": ("query_bbox", [0, 0, "1", 1], "$.query_bbox[2]: expected `float`, got `str`"),
    "category_0": ("query_cls", 0, "$.query_cls: 0 is not a category of DeepFashion2"),
    "category_14": ("query_cls", 14, "$.query_cls: 14 is not a category of DeepFashion2"),
    "category_huge": ("query_cls", 2**40, "$.query_cls: 1099511627776 is not a category"),
    "category_a_name": ("query_cls", "skirt", "$.query_cls: expected `int`, got `str`"),
    "score_null": ("query_score", None, "$.query_score: expected `float`, got `null`"),
    "score_a_list": ("query_score", [0.5], "$.query_score: expected `float`, got `array`"),
    "no_list": ("gallery_image_id", 10, "$.gallery_image_id: expected `array`, got `int`"),
    "empty_list": ("gallery_image_id", [], "$.gallery_image_id: expected `array` of length >= 1"),
    "list_of_21": ("gallery_image_id", [10] * 21, "$.gallery_image_id: expected `array` of length"),
    "a_box_less": ("gallery_image_id", [10, 11], "$.gallery_bbox: has 1 boxes for the 2 images"),
    "a_box_more": ("gallery_bbox", [BOX, BOX], "$.gallery_bbox: has 2 boxes for the 1 images"),
    "gallery_box_flat": ("gallery_bbox", [0, 0, 1, 1], "$.gallery_bbox[0]: expected `array`"),
    "gallery_box_inverted": ("gallery_bbox", [[5, 0, 4, 1]], "$.gallery_bbox[0]: x2 is left of"),
    "gallery_null": ("gallery_bbox", [[0, None, 1, 1]], "$.gallery_bbox[0][1]: expected `float`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_refused_with_row_and_path(name, tmp_path):
    field, value, sentence = WRONG[name]
    record = deepcopy(result()) | {field: value}
    path = written(tmp_path / "results.json", [result(), record])
    assert refused([path]).startswith(f"{path}: row 2: {sentence}")


PARQUET = {name: wrong for name, wrong in WRONG.items() if name in {
    "image_as_text", "image_null", "image_a_fraction", "box_of_three", "box_inverted",
    "category_14", "score_null", "empty_list", "list_of_21", "a_box_less", "gallery_null",
}}  # fmt: skip
PARQUET["score_nan"] = ("query_score", float("nan"), "$.query_score: nan is not a finite number")
PARQUET["box_nan"] = ("query_bbox", [0.0, 0.0, float("nan"), 1.0], "$.query_bbox[2]: expected")
PARQUET["box_infinite"] = ("query_bbox", [0.0, 0.0, float("inf"), 1.0], "$.query_bbox[2]: expected")


@pytest.mark.parametrize("name", PARQUET)
def test_a_wrong_value_of_parquet_is_refused_the_same(name, tmp_path):
    field, value, sentence = PARQUET[name]
    path = written(tmp_path / "results.parquet", [deepcopy(result()) | {field: value}])
    assert refused([path]).startswith(f"{path}: row 1: {sentence}")


@pytest.mark.parametrize("field", result())
@pytest.mark.parametrize("suffix", [".json", ".parquet"])
def test_a_missing_field_is_refused(field, suffix, tmp_path):
    record = result()
    del record[field]
    path = written(tmp_path / f"results{suffix}", [record])
    problem = (
        f"$.{field}: is missing" if suffix == ".parquet" else f"missing required field `{field}`"
    )
    assert problem in refused([path])


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
def test_an_unknown_field_is_refused(suffix, tmp_path):
    path = written(tmp_path / f"results{suffix}", [result() | {"query_category": 9}])
    assert "row 1" in refused([path]) and "`query_category`" in refused([path])


TEXTS = {
    "nan": ('"query_score": 0.5', '"query_score": NaN', "$.query_score: "),
    "infinite": ('"query_score": 0.5', '"query_score": -Infinity', "$.query_score: "),
    "huge": ('"query_score": 0.5', '"query_score": 1e999', "$.query_score: "),
    "key_twice": ('"query_score"', '"query_score": 0.5, "query_score"', "$.query_score: "),
}


@pytest.mark.parametrize("name", TEXTS)
def test_json_that_is_not_strict_is_refused(name, tmp_path):
    old, new, sentence = TEXTS[name]
    path = tmp_path / "results.json"
    path.write_text(json.dumps([result(), result()]).replace(old, new))
    assert refused([path]).startswith(f"{path}: row 1: {sentence}")


def test_files_that_cannot_be_read_are_refused(tmp_path):
    assert refused([tmp_path]) == f"{tmp_path} cannot be read: Is a directory"
    absent = tmp_path / "absent.json"
    assert refused([absent]) == f"{absent} cannot be read: No such file or directory"
    for name, content in (
        ("empty", b""),
        ("object", b'{"results": []}'),
        ("cut_parquet", b"PAR1\0\0"),
        ("zeros", bytes(100)),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert refused([path]).startswith(
            (f"{path}: row 1: ", f"{path} cannot be read as Parquet: ", f"{path}: the file is")
        )


def test_bytes_cut_off_or_flipped_are_a_sentence_or_other_rows(tmp_path):
    """Never another error, whatever the bytes."""
    rng = random.Random(7)
    for suffix in (".json", ".parquet"):
        whole = written(tmp_path / f"whole{suffix}", [result() for _ in range(5)]).read_bytes()
        path = tmp_path / f"broken{suffix}"
        for _ in range(150):
            broken = bytearray(whole[: rng.randint(0, len(whole))] if rng.random() < 0.3 else whole)
            for _ in range(rng.randint(0, 3)):
                if broken:
                    broken[rng.randrange(len(broken))] = rng.randrange(256)
            path.write_bytes(broken)
            try:
                read_retrieval([path])
            except InputError as error:
                assert str(error).startswith(str(path)) and "\n" not in str(error)


def refused(paths):
    """The sentence for these files."""
    with pytest.raises(InputError) as error:
        read_retrieval(paths)
    return str(error.value)

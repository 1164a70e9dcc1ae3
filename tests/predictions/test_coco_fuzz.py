"""Any bytes are the exact rows or one sentence: mutated files, and records of all kinds."""

import json
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from coco_results import IMAGES, box, mask, skirt, table, written
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import DOCUMENT_MUTATIONS, flip_a_bit, insert
from pycocotools import mask as pycocotools

from flows.predictions import json_blocks, read_boxes, read_landmarks, read_masks
from flows.predictions.number_lists import number_lists
from schemas.errors import InputError

ALL_LANDMARKS = [0.0] * 30 + [1.5, -2.25, 1] * 9 + [0] * 825
RUNS = {"size": [20, 30], "counts": "X1:Va0"}
RECORDS = {
    read_boxes: [box(), box(id=3, file_name='a"]},{[\\', score=1e-3), box(image_id=7)],
    read_landmarks: [skirt(), skirt(keypoints=ALL_LANDMARKS), skirt(category_id=9)],
    read_masks: [mask(), mask(RUNS), mask([[2.0, 2.0, 12.0, 2.0, 12.0, 12.0]])],
}
GEOMETRY = {read_boxes: "bbox", read_landmarks: "keypoints", read_masks: "segmentation"}


def rows_or_sentence(path, reader) -> list[dict] | None:
    """The rows of a file; None where it is refused with a sentence."""
    try:
        return [row for batch in reader([path], IMAGES) for row in batch.to_pylist()]
    except InputError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)
        return None


def agree(row: dict, record: dict, reader) -> bool:
    """Whether a row has the values of a record; masks are compared by their keys only."""
    same = all(row[name] == record[name] for name in ("image_id", "category_id"))
    same = same and row["score"] == float(record["score"])
    if reader is read_boxes:
        box = [row[name] for name in ("x", "y", "width", "height")]
        return same and box == list(map(float, record["bbox"]))
    return same and (
        reader is read_masks or row["keypoints"] == list(map(float, record["keypoints"]))
    )


@pytest.mark.parametrize("reader", RECORDS, ids=GEOMETRY.values())
@pytest.mark.parametrize("seed", range(4))
def test_mutated_json_is_the_exact_rows_or_a_sentence(tmp_path, monkeypatch, reader, seed):
    rng = random.Random(seed)
    accepted = 0
    for _ in range(60):
        monkeypatch.setattr(json_blocks, "BLOCK", rng.choice((1, 40, 1 << 20)))
        data = json.dumps(RECORDS[reader], indent=rng.choice((None, 1))).encode()
        data = rng.choice(DOCUMENT_MUTATIONS)(rng, data)
        rows = rows_or_sentence(written(tmp_path, data), reader)
        if rows is not None:
            records = json.loads(data)
            assert len(rows) == len(records)
            assert all(agree(*pair, reader) for pair in zip(rows, records, strict=True))
            accepted += 1
    assert accepted


@pytest.mark.parametrize("reader", RECORDS, ids=GEOMETRY.values())
def test_json_cut_anywhere_is_refused(tmp_path, reader):
    data = json.dumps([RECORDS[reader][0]] * 2).encode()
    for end in range(0, len(data), 3):
        assert rows_or_sentence(written(tmp_path, data[:end]), reader) is None


@pytest.mark.parametrize("reader", RECORDS, ids=GEOMETRY.values())
def test_mutated_parquet_is_rows_or_a_sentence(tmp_path, reader):
    rng = random.Random(5)
    path = tmp_path / "results.parquet"
    names = ("image_id", "category_id", "score", GEOMETRY[reader])
    rows = [{name: record[name] for name in names} for record in RECORDS[reader][:2]]
    rows = rows if reader is not read_masks else rows[:1]
    pq.write_table(pa.Table.from_pylist(rows), path)
    data = path.read_bytes()
    accepted = 0
    for _ in range(150):
        broken = rng.choice(
            (flip_a_bit, insert, lambda rng, text: text[: rng.randrange(len(text))])
        )
        path.write_bytes(broken(rng, data))
        accepted += rows_or_sentence(path, reader) is not None
    assert accepted


numbers = st.one_of(st.sampled_from([0, 0.0, -0.0, 1]), st.floats(allow_nan=False, width=64),
    st.integers(-(2**60), 2**60)).filter(lambda number: abs(number) < 1e300)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(numbers, min_size=1, max_size=30), min_size=1, max_size=5),
    st.sampled_from([None, 0, 2]), st.sampled_from([",", " , ", ",\n"]))  # fmt: skip
def test_lists_of_numbers_are_those_of_json(lists, indent, comma):
    texts = [
        json.dumps(values, indent=indent, separators=(comma, ":")).encode() for values in lists
    ]
    read = number_lists(texts)
    assert read is not None
    assert read.to_pylist() == [[float(number) for number in values] for values in lists]


@pytest.mark.parametrize(
    "text", ["[]", "[ ]", "1", "123", '"1,2"', '["0"]', "[[0]]", "[0, [0], 0]", "[null]", "{}",
             "[true]", "[0, 1e999]", '{"a": 0}', "[0,{},0]"]
)  # fmt: skip
def test_other_values_are_not_lists_of_numbers(text):
    assert number_lists([b"[0, 1]", text.encode(), b"[2]"]) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_run_lengths_of_pycocotools_are_read(tmp_path_factory, height, width, seed, share):
    pixels = np.random.default_rng(seed).random((height, width)) < share
    runs = pycocotools.encode(np.asfortranarray(pixels.astype(np.uint8)))
    record = {"size": [height, width], "counts": runs["counts"].decode()}
    edges = np.flatnonzero(np.diff(pixels.ravel("F").astype(int), prepend=0)).tolist()
    counts = np.diff([0, *edges, height * width]).tolist()
    folder = tmp_path_factory.mktemp("masks")
    path = written(
        folder, [mask(record, image_id=7), mask({**record, "counts": counts}, image_id=7)]
    )
    assert table(read_masks([path], IMAGES))["counts"].to_pylist() == [runs["counts"]] * 2

"""Files of embeddings: vectors and items as written; a sentence for broken ones."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.predictions import embeddings, read_embeddings
from flows.predictions.retrieval import EDGES
from schemas.errors import InputError
from schemas.predictions import EMBEDDED_ITEMS


def columns(count=5, size=4, boxes=False):
    """The columns of a file of `count` items with vectors of `size` numbers."""
    numbers = np.arange(1, count * size + 1, dtype=np.float32).reshape(count, size)
    made = {
        "image_id": pa.array(range(count), pa.int64()),
        "item_no": pa.array([1] * count, pa.int16()),
        "embedding": pa.array(numbers.tolist(), pa.list_(pa.float32(), size)),
    }
    if boxes:
        made["box"] = pa.array([[0, 1, 2 + n, 3.5] for n in range(count)], pa.list_(pa.float64()))
    return made


def written(folder, made, **options):
    path = folder / "queries.parquet"
    pq.write_table(pa.table(made), path, **options)
    return path


@pytest.mark.parametrize("value", [pa.float16(), pa.float32(), pa.float64()])
@pytest.mark.parametrize("kind", [pa.list_, pa.large_list, lambda value: pa.list_(value, 4)])
def test_vectors_and_items_are_those_of_the_file(value, kind, tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "BATCH", 2)
    made = columns(boxes=True)
    made["embedding"] = made["embedding"].cast(kind(value))
    made["path"] = pa.array(["ignored"] * 5)
    read = read_embeddings(written(tmp_path, made), "user", zeros=False)
    assert read.vectors.dtype == np.float32
    assert read.vectors.tolist() == np.arange(1, 21).reshape(5, 4).tolist()
    assert read.has_boxes and read.items.schema == EMBEDDED_ITEMS.schema
    assert read.items.to_pylist()[4] == {
        "source": "user", "row": 5, "image_id": 4, "item_no": 1,
        "x1": 0, "y1": 1, "x2": 6, "y2": 3.5,
    }  # fmt: skip


def test_boxes_are_optional(tmp_path):
    read = read_embeddings(written(tmp_path, columns()), "shop", zeros=False)
    assert not read.has_boxes
    assert {read.items[edge].null_count for edge in EDGES} == {5}


def replaced(name, place, value):
    """A change of one value of a column."""

    def change(made):
        values = made[name].to_pylist()
        values[place] = value
        type_ = made[name].type
        if name == "embedding":
            type_ = pa.list_(pa.float32())
        made[name] = pa.array(values, type_)

    return change


def column(name, values):
    """A change of a whole column."""
    return lambda made: made.update({name: values})


NAN, INFINITE = float("nan"), float("inf")
BROKEN = {
    "nan": (replaced("embedding", 3, [1, NAN, 0, 0]), "row 4: $.embedding: has a number"),
    "infinite": (
        replaced("embedding", 0, [1, 0, -INFINITE, 0]),
        "row 1: $.embedding: has a number",
    ),
    "beyond_float32": (
        column("embedding", pa.array([[1e300] * 4] * 5, pa.list_(pa.float64(), 4))),
        "row 1: $.embedding: has a number that is not finite in single precision",
    ),
    "zero": (replaced("embedding", 2, [0, 0, 0, 0]), "row 3: $.embedding: is a zero vector"),
    "zero_in_float32": (
        column("embedding", pa.array([[1e-300] * 4] * 5, pa.list_(pa.float64(), 4))),
        "row 1: $.embedding: is a zero vector",
    ),
    "another_size": (
        replaced("embedding", 4, [1, 2, 3]),
        "row 5: $.embedding: does not have 4 numbers",
    ),
    "null_vector": (replaced("embedding", 1, None), "row 2: $.embedding: is null"),
    "null_number": (replaced("embedding", 1, [1, None, 3, 4]), "row 2: $.embedding: has a null"),
    "no_numbers": (
        column("embedding", pa.array([[]] * 5, pa.list_(pa.float32()))),
        "row 1: $.embedding: is empty",
    ),
    "whole_numbers": (
        column("embedding", pa.array([[1, 2]] * 5, pa.list_(pa.int32()))),
        "$.embedding: is list<element: int32>, not a list of floats",
    ),
    "text": (
        column("embedding", pa.array(["[1, 2]"] * 5)),
        "$.embedding: is string, not a list of floats",
    ),
    "image_null": (replaced("image_id", 2, None), "row 3: $.image_id: is null"),
    "image_a_name": (
        column("image_id", pa.array(["000001.jpg"] * 5)),
        "$.image_id: is string, not an integer",
    ),
    "item_0": (replaced("item_no", 2, 0), "row 3: $.item_no: is not the number of an item"),
    "item_huge": (column("item_no", pa.array([2**40] * 5)), "row 1: $.item_no: is not the number"),
    "image_huge": (
        column("image_id", pa.array([1, 2, 2**64 - 1, 4, 5], pa.uint64())),
        "row 3: $.image_id: Integer value 18446744073709551615 not in range",
    ),
    "item_unsigned": (
        column("item_no", pa.array([1] * 4 + [2**64 - 1], pa.uint64())),
        "row 5: $.item_no: Integer value 18446744073709551615 not in range",
    ),
    "box_inexact": (
        column("box", pa.array([[0, 1, 2, 3]] * 4 + [[0, 1, 2, 2**60 + 1]])),
        "row 5: $.box: Integer value 1152921504606846977 not in range",
    ),
    "item_twice": (
        column("image_id", pa.array([7, 8, 7, 8, 9])),
        "row 3: $.item_no: item 1 of image 7 is in row 1 already",
    ),
    "box_of_three": (
        column("box", pa.array([[1.0, 2, 3]] * 5)),
        "row 1: $.box: does not have 4 numbers",
    ),
    "box_inverted": (
        column("box", pa.array([[5.0, 0, 4, 1]] * 5)),
        "row 1: $.box: is not x1, y1, x2, y2",
    ),
    "box_nan": (
        column("box", pa.array([[5.0, 0, NAN, 1]] * 5)),
        "row 1: $.box: has a number beyond",
    ),
    "box_null": (column("box", pa.array([[5.0, 0, 6, 1]] * 4 + [None])), "row 5: $.box: is null"),
    "without_image": (lambda made: made.pop("image_id"), "$.image_id: is missing"),
    "without_item": (lambda made: made.pop("item_no"), "$.item_no: is missing"),
    "without_vectors": (lambda made: made.pop("embedding"), "$.embedding: is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused(name, tmp_path):
    change, sentence = BROKEN[name]
    made = columns()
    change(made)
    path = written(tmp_path, made)
    assert refused(path).startswith(f"{path}: {sentence}")


def test_only_the_cosine_needs_vectors_that_are_not_zero(tmp_path):
    made = columns()
    replaced("embedding", 2, [0, 0, 0, 0])(made)
    assert not read_embeddings(written(tmp_path, made), "user", zeros=True).vectors[2].any()


def test_files_without_rows_or_of_another_kind_are_refused(tmp_path):
    path = written(tmp_path, columns(count=0))
    assert refused(path) == f"{path}: has no rows."
    path.write_text("[]")
    assert refused(path).startswith(f"{path} cannot be read as Parquet: ")
    for other in (tmp_path, tmp_path / "absent.parquet"):
        assert refused(other).startswith(f"{other} cannot be read as Parquet: ")


def test_bytes_cut_off_or_flipped_are_a_sentence_or_other_rows(tmp_path):
    rng = random.Random(3)
    whole = written(tmp_path, columns(boxes=True), compression="none").read_bytes()
    path = tmp_path / "broken.parquet"
    for _ in range(200):
        broken = bytearray(whole[: rng.randint(0, len(whole))] if rng.random() < 0.2 else whole)
        for _ in range(3):
            if broken:
                broken[rng.randrange(len(broken))] = rng.randrange(256)
        path.write_bytes(broken)
        try:
            read_embeddings(path, "user", zeros=False)
        except InputError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)


def refused(path):
    """The sentence for this file."""
    with pytest.raises(InputError) as error:
        read_embeddings(path, "user", zeros=False)
    return str(error.value)

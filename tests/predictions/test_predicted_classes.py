"""Files of predicted categories: the forms that are read, and the sentence of each refusal."""

import gzip
import re
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.predictions import read_classes
from schemas.categories import CATEGORIES
from schemas.errors import InputError
from schemas.predictions import PREDICTED_CLASSES

CLASSES = CATEGORIES["fashion-mnist"]
NAMES = [category.name for category in CLASSES]
NUMBERS = ",".join(map(str, range(10)))


def read(*paths):
    rows = read_classes(paths, {0, 1, 2}, CLASSES)
    assert rows.schema == PREDICTED_CLASSES.schema
    return rows.to_pylist()


def of(rows) -> list[tuple]:
    return [(row["row"], row["image_id"], row["category_id"], row["tied"]) for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "image_id,category\n1,3\n0,9\n",
        "category_name,image_id\nDress,1\nAnkle boot,0",
        "\ufeffimage_id,category_id\r\n1,Dress\r\n\r\n0,09\r\n".replace("09", "9"),
        f"image_id,{NUMBERS}\n1,0,0,0,.5,0,0,0,0,0,-1e3\n0,0,0,0,0,0,0,0,0,0,1\n",
        f"{','.join(reversed(NAMES))},image_id\n0,0,0,0,0,0,2,0,0,0,1\n1,0,0,0,0,0,0,0,0,0,0\n",
    ],
    ids=["numbers", "names", "mark and CRLF", "scores", "scores by name"],
)
def test_a_csv_file_is_read_in_every_form(text, tmp_path):
    path = tmp_path / "classes.csv"
    path.write_bytes(text.encode())
    assert of(read(path)) == [(1, 1, 3, False), (2, 0, 9, False)]


@pytest.mark.parametrize(
    "columns",
    [
        {"image_id": pa.array([1, 0], pa.int16()), "category": [3, 9]},
        {"image_id": ["1", "0"], "category": pa.array(["Dress", "Ankle boot"]).dictionary_encode()},
        {"image_id": [1, 0]}
        | {
            name: pa.array([int(k == 3), int(k == 9)], pa.float16()) for k, name in enumerate(NAMES)
        },
    ],
    ids=["numbers", "names", "scores"],
)
def test_a_parquet_file_is_read_in_every_form(columns, tmp_path):
    pq.write_table(pa.table(columns), tmp_path / "classes.pq")
    assert of(read(tmp_path / "classes.pq")) == [(1, 1, 3, False), (2, 0, 9, False)]


def test_of_equal_scores_the_lowest_category_number_counts(tmp_path):
    path = tmp_path / "scores.csv"
    header = ",".join(["image_id", *reversed(NAMES)])
    path.write_text(
        f"{header}\n2,0,7,0,0,7,0,0,0,0,0\n0,0,0,0,0,0,0,0,0,0,0\n1,1,0,0,0,0,0,0,0,0,0"
    )
    assert of(read(path)) == [(1, 2, 5, True), (2, 0, 0, True), (3, 1, 9, False)]


def test_rows_are_counted_over_all_files_and_images_are_given_once(tmp_path):
    for number in (0, 1):
        (tmp_path / f"{number}.csv").write_text(f"image_id,category\n{number},Bag\n")
    assert of(read(tmp_path / "0.csv", tmp_path / "1.csv")) == [(1, 0, 8, False), (2, 1, 8, False)]
    with pytest.raises(
        InputError, match=r"0.csv: row 2: image_id: 0 has a prediction in row 1 too"
    ):
        read(tmp_path / "0.csv", tmp_path / "0.csv")


HEADER = "image_id,category\n"
FORM = (
    "expected image_id and category, category_id or category_name, or image_id and all categories."
)
REFUSED = [
    ("", "p is empty: expected a record for each image."),
    ("1,3\n", f"p: no column 'image_id': {FORM}"),
    ("image_id,label\n1,3\n", f"p: unknown column 'label': {FORM}"),
    ("image_id,category,score\n1,3,1\n", f"p: unknown column 'score': {FORM}"),
    ("image_id,category,category_id\n1,3,3\n", f"p: two columns for 'category': {FORM}"),
    ("image_id\n1\n", f"p: no column '0': {FORM}"),
    (f"image_id,{NUMBERS[:-2]}\n", f"p: no column '9': {FORM}"),
    (f"image_id,{NUMBERS},Dress\n", f"p: two columns for '3': {FORM}"),
    (HEADER + "1,3,\n", "p: row 1: 3 cells instead of 2."),
    (HEADER + "1,3\n7,3\n", "p: row 2: image_id: 7 is not an image of the split."),
    (HEADER + "1,3\n1,3\n", "p: row 2: image_id: 1 has a prediction in row 1 too."),
    (HEADER + "1.0,3\n", "p: row 1: image_id: '1.0' is not the number of an image."),
    (HEADER + f"{'9' * 5000},3\n", f"p: row 1: image_id: '{'9' * 60}' is not the nu"),
    (HEADER + "1,10\n", "p: row 1: category: '10' is not a category: give one of T-shirt/top,"),
    (HEADER + "1,\n", "p: row 1: category: '' is not a category: give one of"),
    (HEADER + "1,dress\n", "p: row 1: category: 'dress' is not a category: did you mean Dress?."),
    (HEADER + '1,"3\n', "p: line 2: not CSV: unexpected end of data."),
    *(
        (f"image_id,{NUMBERS}\n1,0,0,{text},0,0,0,0,0,0,0\n", f"p: row 1: 2: {text!r} is not a f")
        for text in ("nan", "inf", "", "1_0", "1e999", "0x1", "true")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=range(len(REFUSED)))
def test_a_broken_csv_file_is_refused_in_one_sentence(text, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "p"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(says)) as refused:
        read(path.relative_to(tmp_path))
    assert "\n" not in str(refused.value)


BOTH = {"image_id": [1, 0], "category": [3, 9]}
REFUSED_PARQUET = [
    (BOTH | {"image_id": [1, None]}, "row 2: image_id: None is not the number of an image."),
    (BOTH | {"image_id": [1.0, 0.0]}, "row 1: image_id: 1.0 is not the number of an image."),
    (BOTH | {"category": [3, None]}, "row 2: category: None is not a category: give one of"),
    (BOTH | {"category": [3.0, 9.0]}, "row 1: category: 3.0 is not a category: give one of"),
    (BOTH | {"category": [True, False]}, "column 'category' is of type bool: expected numbers or"),
    (
        BOTH | {"category": [[3], [9]]},
        "column 'category' is of type list<element: int64>: expected",
    ),
    (BOTH | {"category": [date.max] * 2}, "column 'category' is of type date32[day]: expected"),
    (BOTH | {"__index_level_0__": [0, 1]}, "unknown column '__index_level_0__': expected image_id"),
    (
        {"image_id": [1], **{name: [1.0] for name in NAMES}} | {"Dress": [float("nan")]},
        "row 1: 3: nan is not a finite number.",
    ),
]


@pytest.mark.parametrize(("columns", "says"), REFUSED_PARQUET, ids=range(len(REFUSED_PARQUET)))
def test_a_broken_parquet_file_is_refused_in_one_sentence(columns, says, tmp_path):
    pq.write_table(pa.table(columns), tmp_path / "p")
    with pytest.raises(InputError, match=re.escape(f"p: {says}")):
        read(tmp_path / "p")


def test_files_of_another_kind_are_refused_in_one_sentence(tmp_path):
    path = tmp_path / "p"
    pq.write_table(pa.table(BOTH), path)
    for content, says in (
        (path.read_bytes()[:-20], "p cannot be read as Parquet: "),
        (b"PAR1", "p cannot be read as Parquet: "),
        (gzip.compress(b"image_id,category\n1,3\n"), "p is not UTF-8 text: give a CSV file, not"),
        (b'[{"image_id": 1, "category": 3}]', "p: unknown column '[{\"image_id\": 1': expected"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=re.escape(says)) as refused:
            read(path)
        assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read(tmp_path)

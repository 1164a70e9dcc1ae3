"""Submissions of FashionAI key points: the forms that are read, and the refusals."""

import gzip
import os
import re
from pathlib import Path

import pyarrow as pa
import pytest
from fashionai_rows import ABSENT, COLUMNS, HEADER, image_id, row, table

from flows.predictions import read_points
from schemas.errors import InputError
from schemas.predictions import PREDICTED_POINTS

IMAGES = pa.table(
    {
        "image_id": [11, 12, 13],
        "file_name": [image_id("skirt", 1), image_id("blouse", 2), image_id("dress", 3)],
        "category_name": ["skirt", "blouse", None],
    }
)
FIRST = row("skirt", 1, hemline_left="5_6_1", crotch="-7_600_0")
SECOND = row("blouse", 2, armpit_left="1.5_-2.25_1")


def in_other_order(line: str) -> str:
    return ",".join(reversed(line.split(",")))


def rows_of(tmp_path, *contents: bytes) -> list[dict]:
    paths = [tmp_path / f"points{number}.csv" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    points = read_points(paths, IMAGES)
    assert points.schema == PREDICTED_POINTS.schema
    return points.to_pylist()


@pytest.mark.parametrize(
    "content",
    [
        table(FIRST, SECOND),
        table(SECOND, header=FIRST, end=""),
        table(*map(in_other_order, (FIRST, SECOND)), header=in_other_order(HEADER)),
        b"\xef\xbb\xbf" + table(FIRST, "", SECOND).replace(b"\n", b"\r\n"),
        table(FIRST.replace("skirt,", '"skirt",'), SECOND),
    ],
    ids=["header", "no header", "other order", "mark and CRLF", "quotes"],
)
def test_a_submission_is_read_in_every_form(content, tmp_path):
    rows = rows_of(tmp_path, content)
    assert len(rows) == 48
    assert [rows[0][name] for name in ("row", "image_id")] == [1, 11]
    assert [row["landmark_name"] for row in rows] == COLUMNS[2:] * 2
    named = {(row["row"], row["landmark_name"]): (row["x"], row["y"]) for row in rows}
    assert named[1, "hemline_left"] == (5, 6)
    assert named[1, "crotch"] == (-7, 600)
    assert named[2, "armpit_left"] == (1.5, -2.25)
    assert named[2, "crotch"] == (-1, -1)


def test_rows_are_counted_over_all_files(tmp_path):
    rows = rows_of(tmp_path, table(FIRST), table(SECOND), table(row("dress", 3)))
    assert [(row["row"], row["image_id"]) for row in rows[::24]] == [(1, 11), (2, 12), (3, 13)]


def cells(*changes: tuple[int, str]) -> bytes:
    """The first row with some cells changed."""
    line = FIRST.split(",")
    for index, cell in changes:
        line[index] = cell
    return table(SECOND, ",".join(line))


REFUSED = [
    (b"", "p0.csv is empty: expected a record for each image."),
    (b"\n\n", "p0.csv is empty: expected a record for each image."),
    (gzip.compress(table(FIRST)), "p0.csv is not UTF-8 text: give a CSV file, not compressed."),
    (table(FIRST).decode().encode("utf-16"), "p0.csv is not UTF-8 text: give a CSV file, not"),
    (b'[{"image_id": 1}]', "p0.csv: row 1: 1 cells instead of 26."),
    (table(FIRST).replace(b"\n", b"\r"), "p0.csv: line 1: not CSV: new-line character seen in unq"),
    (table(FIRST).replace(b",", b";"), "p0.csv: row 1: 1 cells instead of 26."),
    (table(FIRST, '"open'), "p0.csv: line 3: not CSV: unexpected end of data."),
    (table("x" * 200_000), "p0.csv: line 2: not CSV: field larger than field limit (131072)."),
    (table(FIRST, FIRST), f"p0.csv: row 2: image_id: '{image_id('skirt', 1)}' has a prediction in"),
    (table(SECOND + ",1"), "p0.csv: row 1: 27 cells instead of 26."),
    (table(SECOND, FIRST[:-9]), "p0.csv: row 2: 25 cells instead of 26."),
    (table(FIRST, header=HEADER + ",score"), "p0.csv: unknown column 'score': expected image_id,"),
    (table(FIRST, header="image_id,image_category"), "p0.csv: no column 'neckline_left': expected"),
    (table(FIRST, header=HEADER + ",crotch"), "p0.csv: two columns for 'crotch': expected image"),
    (cells((0, "Images/skirt/1.jpg")), "p0.csv: row 2: image_id: 'Images/skirt/1.jpg' is not an"),
    (cells((1, "dress")), "p0.csv: row 2: image_category: 'dress' is not the image's: skirt."),
    *(
        (cells((2, cell)), f"p0.csv: row 2: neckline_left: {cell!r} is not x_y_v: two numbers, and")
        for cell in ("", "1_2", "1_2_3", "1_2_3_1", "nan_1_1", "1e3_1_1", "1_2_1\0", "\u0661_1_1")
    ),
    (cells((2, "1000001_0_1")), "p0.csv: row 2: neckline_left: '1000001_0_1' is more than a mil"),
    (cells((25, "9" * 5000 + "_0_1")), f"p0.csv: row 2: bottom_right_out: '{'9' * 60}' is not x_y"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "says"), REFUSED, ids=range(len(REFUSED)))
def test_a_broken_submission_is_refused_in_one_sentence(content, says, tmp_path):
    path = tmp_path / "p0.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(says)) as refused:
        read_points([path], IMAGES)
    assert "\n" not in str(refused.value) and str(refused.value).endswith(".")


def test_an_image_is_given_once_in_all_files(tmp_path):
    with pytest.raises(InputError, match=r"points1.csv: row 2: image_id: .* in row 1 too"):
        rows_of(tmp_path, table(FIRST), table(FIRST))


@pytest.mark.parametrize("name", [".", "absent.csv"])
def test_a_folder_or_an_absent_file_is_a_sentence(name, tmp_path):
    with pytest.raises(InputError, match="cannot be read: "):
        read_points([tmp_path / name], IMAGES)


def test_a_pipe_is_a_sentence(tmp_path):
    read_end, write_end = os.pipe()
    os.close(write_end)
    try:
        with pytest.raises(InputError, match=f"/dev/fd/{read_end} is a pipe: predictions are read"):
            read_points([Path(f"/dev/fd/{read_end}")], IMAGES)
    finally:
        os.close(read_end)


def test_an_absent_point_has_the_place_of_the_published_tables(tmp_path):
    assert ABSENT == "-1_-1_-1"
    (point,) = {(row["x"], row["y"]) for row in rows_of(tmp_path, table(row("dress", 3)))}
    assert point == (-1, -1)

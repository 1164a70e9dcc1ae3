"""Every way to write the same table gives the same rows; what a cell and a header may hold."""

from pathlib import Path

import pytest
from decoded_sources import decode_source
from fashionai_rows import COLUMNS, HEADER, image_id, records, row, row_again, table

from flows.decode.fashionai import FASHIONAI
from schemas.errors import InputError

CASES = Path(__file__).parents[1] / "cases" / "fashionai"
ACCEPTED = sorted(path.name for path in (CASES / "accepted").glob("*.csv"))


def decode(data: bytes):
    return decode_source(FASHIONAI, {"train.csv": data})


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_table_may_be_written_in_several_ways(name):
    plain = decode((CASES / "accepted" / "plain.csv").read_bytes())
    source = decode((CASES / "accepted" / name).read_bytes())
    assert [row_again(image) for image in source.images] == [
        row_again(image) for image in plain.images
    ]


def test_the_plain_table_is_written_back_to_the_letter():
    data = (CASES / "accepted" / "plain.csv").read_bytes()
    assert sorted(row_again(image) for image in decode(data).images) == sorted(
        ",".join(record) for record in records(data)
    )


def test_a_refused_cell_is_shown_with_its_image():
    (rejection,) = decode(table(row(hemline_left="nowhere " * 60))).rejections
    assert rejection["image_id"] == int("a000000000001", 16)
    assert rejection["excerpt"] == ("nowhere " * 60)[:200]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "is empty"),
        ("\n\r\n", "is empty"),
        (row(), "already a row, as in submissions"),
        ("a,b,c", "no FashionAI header: its first line is 'a,b,c'"),
        (HEADER.replace("image_category", "category"), "no FashionAI header"),
        (HEADER.upper(), "no FashionAI header"),
        (HEADER + ",score", "unknown column 'score'"),
        ("," + HEADER, "unknown column ''"),
        (HEADER + ",crotch", "column 'crotch' twice"),
        (HEADER.replace(",", ";"), "no FashionAI header"),
        (HEADER, "has a header, but no rows"),
        (HEADER.encode("utf-16").decode("latin-1"), "no FashionAI header"),
        ('"' + HEADER, "no FashionAI header"),
    ],
)
def test_a_file_without_its_header_is_refused_whole(header, why):
    rows = "" if why == "has a header, but no rows" or not header.strip() else "\n" + row()
    with pytest.raises(InputError, match=f"train.csv.*{why}"):
        decode((header + rows).encode("latin-1"))


def test_a_table_may_lack_the_points_its_categories_do_not_have():
    columns = ["image_id", "image_category", *COLUMNS[17:21]]
    names = dict(zip(COLUMNS, row("skirt", hemline_left="5_6_0").split(","), strict=True))
    data = table(",".join(names[column] for column in columns), header=",".join(columns))
    (image,) = decode(data).images
    assert row_again(image) == row("skirt", hemline_left="5_6_0")


def test_a_table_without_points_lists_images_that_are_not_annotated():
    (image,) = decode(f"image_id,image_category\n{image_id('dress', 4)},dress\n".encode()).images
    (item,) = image["items"]
    assert (image["annotated"], item["category_name"], item["landmarks"]) == (False, "dress", [])


@pytest.mark.parametrize(
    ("cell", "point"),
    [
        ("5_6_1", (5, 6, "visible")),
        ("5_6_0", (5, 6, "occluded")),
        ("-1_-1_-1", (None, None, "unlabelled")),
        ("5_6_-1", (5, 6, "unlabelled")),
        ("-1_-1_0", (-1, -1, "occluded")),
        ("512_0_1", (512, 0, "visible")),
        ("-3_700_1", (-3, 700, "visible")),
        ("0_-1_-1", (0, -1, "unlabelled")),
        ("1000000_-1000000_1", (1e6, -1e6, "visible")),
    ],
)
def test_a_cell_keeps_what_it_says(cell, point):
    (image,) = decode(table(row("trousers", crotch=cell))).images
    landmark = image["items"][0]["landmarks"][2]
    assert (landmark["x"], landmark["y"], landmark["visibility"]) == point
    assert row_again(image) == row("trousers", crotch=cell)


def test_a_row_is_one_item_without_box_style_or_outline():
    source = decode(table(row("outwear", 7, "c", cuff_left_in="1_2_1")))
    (image,) = source.images
    (item,) = image.pop("items")
    points = item.pop("landmarks")
    assert len(points) == 14
    assert {key: value for key, value in item.items() if value is not None} == {
        "item_no": 1,
        "document_order": 1,
        "place": "row 2",
        "category_id": 2,
        "category_name": "outwear",
        "polygons": [],
    }
    assert {key: value for key, value in image.items() if value is not None} == {
        "dataset": "fashionai",
        "split": "train",
        "image_id": int("c000000000007", 16),
        "document": "train.csv",
        "file_name": image_id("outwear", 7, "c"),
        "annotated": True,
        "image_status": "missing",
    }


def test_the_folder_of_an_image_may_contradict_its_category():
    data = table(row("dress").replace("Images/dress", "Images/skirt"))
    (image,) = decode(data).images
    assert image["file_name"].startswith("Images/skirt/")
    assert image["items"][0]["category_name"] == "dress"


def test_a_row_that_repeats_a_refused_one_is_refused_for_its_own_fault():
    broken = row(hemline_left="?")
    assert decode(table(broken, broken, row())).rules == ["bad_cell", "bad_cell"]

"""Every way to write the same table gives the same rows; what a cell may hold."""

import random
from pathlib import Path

import pytest
from decoded_sources import decode_source
from fashionai_rows import COLUMNS, image_id, listed, random_row, records, row, row_again, table

from flows.decode.fashionai import FASHIONAI
from flows.flatten import flatten
from flows.validate import validate_items

ACCEPTED = sorted((Path(__file__).parents[1] / "cases/fashionai/accepted").glob("*.csv"))
COUNTS = {"blouse": 13, "outwear": 14, "dress": 15, "skirt": 4, "trousers": 7}


def decode(data: bytes):
    return decode_source(FASHIONAI, {"train.csv": data})


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_a_table_may_be_written_in_several_ways(path):
    plain = records(path.with_name("plain.csv").read_bytes())
    source = decode(path.read_bytes())
    assert sorted(map(row_again, source.images)) == sorted(map(",".join, plain))


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_written_back_exactly_and_become_rows_of_every_table(seed):
    rng = random.Random(seed)
    rows = [random_row(rng, number) for number in range(rng.randint(1, 60))]
    unanswered = listed(image_id("dress", 999, "c"))
    files = {"answer_a.csv": table(*rows), "test.csv": unanswered}
    source = decode_source(FASHIONAI, files, "test_a")
    annotated = [image for image in source.images if image["annotated"]]
    assert sorted(map(row_again, annotated)) == sorted(rows)
    assert source.rejections == []
    landmarks = 0
    for part in source.parts:
        accepted, refused = validate_items(part.annotations)
        assert len(refused) == 0
        tables = flatten(accepted)
        for batch in tables.values():
            batch.validate(full=True)
        assert len(tables["images"]) == len(tables["items"]) == part.items_read
        landmarks += len(tables["landmarks"])
    assert landmarks == sum(COUNTS[text.split(",")[1]] for text in rows)


def test_a_table_may_lack_the_points_its_categories_do_not_have():
    columns = ["image_id", "image_category", *COLUMNS[17:21]]
    skirt = row("skirt", hemline_left="5_6_0")
    cells = dict(zip(COLUMNS, skirt.split(","), strict=True))
    data = table(",".join(cells[column] for column in columns), header=",".join(columns))
    (image,) = decode(data).images
    assert row_again(image) == skirt


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
    (image,) = decode(table(row("outwear", 7, "c", cuff_left_in="1_2_1"))).images
    (item,) = image.pop("items")
    assert len(item.pop("landmarks")) == 14
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

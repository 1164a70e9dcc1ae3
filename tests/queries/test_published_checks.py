"""Checks that compare with what the authors published: retrieval lists and totals of splits."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import garment, photo
from releases import answers, write_files

BOX = ("x1", "y1", "x2", "y2")


def boxed(image_id, style, *edges, **more):
    """An items row with a box."""
    return garment(image_id, style, **dict(zip(BOX, map(float, edges), strict=True)), **more)


def listed(number, image_id, style, edges=None, **more):
    """A row of the authors' lists; without style it is in a list of images."""
    row = {"list_no": number, "image_id": image_id, "style": style, "list_file": "val.json"}
    labels = {} if style is None else {"pair_id": 1}
    return row | labels | dict(zip(BOX, edges or (None,) * 4, strict=True)) | more


@pytest.fixture
def shop_and_user():
    return {
        "images": [photo(1, "user", 1), photo(2, "shop", 1), photo(3, "shop", 1)],
        "items": [
            boxed(1, 1, 0, 0, 5, 5),
            boxed(1, 0, 1, 1, 6, 6, item_no=2),
            boxed(2, 1, 0, 0, 7, 7),
            boxed(3, 0, 0, 0, 8, 8),
        ],
    }


def disagreements(files, side):
    """Differences of the lists of a side from the rule."""
    rows = [row for row in answers(files, "listed_items_agree") if row["side"] == side]
    return [(row["image_id"], row["x2"], row["problem"]) for row in rows]


def test_lists_that_agree_with_the_rule_are_silent(tmp_path, shop_and_user):
    files = write_files(
        tmp_path,
        **shop_and_user,
        listed_queries=[listed(1, 1, 1, (0, 0, 5, 5))],
        listed_gallery=[listed(1, 2, 1, (0, 0, 7, 7)), listed(2, 3, 0, (0, 0, 8, 8))],
    )
    assert disagreements(files, "queries") == []
    assert disagreements(files, "gallery") == []


def test_a_list_without_style_0_is_a_list_of_styled_items(tmp_path, shop_and_user):
    files = write_files(tmp_path, **shop_and_user, listed_gallery=[listed(1, 2, 1, (0, 0, 7, 7))])
    assert disagreements(files, "gallery") == []


def test_differences_of_lists_and_rule_are_reported(tmp_path, shop_and_user):
    files = write_files(
        tmp_path,
        **shop_and_user,
        listed_queries=[listed(1, 1, 1, (0, 0, 5, 9))],
        listed_gallery=[listed(1, 2, 1, (0, 0, 7, 7)), listed(2, 2, 0, (0, 0, 1, 1))],
    )
    assert disagreements(files, "queries") == [
        (1, 5.0, "by rule only"),
        (1, 5.0, "listed only"),
    ]
    assert disagreements(files, "gallery") == [
        (2, 1.0, "listed only"),
        (3, 8.0, "by rule only"),
    ]


def test_lists_of_images_are_compared_by_image(tmp_path, shop_and_user):
    files = write_files(
        tmp_path, **shop_and_user, listed_gallery=[listed(1, 2, None), listed(2, 4, None)]
    )
    assert disagreements(files, "gallery") == [
        (3, None, "by rule only"),
        (4, None, "listed only"),
    ]


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("listed_queries", listed(1, 1, 1, (0, 0, 5, 5), pair_id=2)),
        ("listed_queries", listed(1, 1, 1, (0, 0, 5, 5), category_id=8)),
        ("listed_queries", listed(1, 1, 2, (0, 0, 5, 5))),
        ("listed_gallery", listed(1, 2, 1, (0, 0, 7, 7), pair_id=2)),
    ],
)
def test_labels_of_listed_records_are_compared(tmp_path, shop_and_user, name, record):
    files = write_files(tmp_path, **shop_and_user, **{name: [record]})
    rows = answers(files, "listed_items_agree")
    assert sorted(row["problem"] for row in rows) == ["by rule only", "listed only"]
    assert [(row["listed"], row["expected"]) for row in rows] in (
        [(0, 1), (1, 0)],
        [(1, 0), (0, 1)],
    )


def test_a_list_with_the_right_category_agrees(tmp_path, shop_and_user):
    record = listed(1, 1, 1, (0, 0, 5, 5), category_id=9)
    files = write_files(tmp_path, **shop_and_user, listed_queries=[record])
    assert disagreements(files, "queries") == []


@pytest.mark.parametrize("name", ["listed_queries", "listed_gallery"])
@pytest.mark.parametrize("of_images", [False, True])
def test_a_repeated_record_is_reported(tmp_path, shop_and_user, name, of_images):
    image_id, edge = {"listed_queries": (1, 5), "listed_gallery": (2, 7)}[name]
    record = (image_id, None) if of_images else (image_id, 1, (0, 0, edge, edge))
    others = [listed(3, 3, None)] if of_images and name == "listed_gallery" else []
    rows = [listed(1, *record), listed(2, *record), *others]
    files = write_files(tmp_path, **shop_and_user, **{name: rows})
    (row,) = answers(files, "listed_items_agree")
    assert (row["image_id"], row["problem"]) == (image_id, "listed too often")
    assert (row["listed"], row["expected"]) == (2, 1)


def test_equal_items_are_expected_as_often_as_they_occur(tmp_path, shop_and_user):
    shop_and_user["items"].append(boxed(1, 1, 0, 0, 5, 5, item_no=3))
    record = (1, 1, (0, 0, 5, 5))
    twice = [listed(1, *record), listed(2, *record)]
    files = write_files(tmp_path / "2", **shop_and_user, listed_queries=twice)
    assert disagreements(files, "queries") == []
    files = write_files(tmp_path / "1", **shop_and_user, listed_queries=twice[:1])
    assert disagreements(files, "queries") == [(1, 5.0, "listed too rarely")]


def test_lists_of_a_split_without_items_are_not_compared(tmp_path, shop_and_user):
    listing = [listed(1, 1, 1, (0, 0, 5, 5), split="test")]
    files = write_files(tmp_path, **shop_and_user, listed_queries=listing)
    assert disagreements(files, "queries") == []


@pytest.mark.parametrize(
    ("images", "grade"),
    [
        (10_000, None),
        (9_990, "under_2_percent"),
        (9_801, "under_2_percent"),
        (9_800, "under_half"),
        (5_001, "under_half"),
        (5_000, "over_half"),
        (100, "over_half"),
        (10_010, "under_2_percent"),
    ],
)
def test_every_split_that_is_not_what_was_released_is_reported(tmp_path, images, grade):
    totals = {"dataset": "fashion-mnist", "split": "test", "images": images, "items": 0, "pairs": 0}
    path = tmp_path / "split_totals.parquet"
    pq.write_table(pa.Table.from_pylist([totals]), path)
    rows = [
        (row["split"], row["difference"], row["grade"])
        for row in answers({"statistics/split_totals": [path]}, "totals_as_published")
    ]
    assert rows == ([("test", images - 10_000, grade)] if grade else [])


def test_a_split_without_items_and_an_absent_split_differ(tmp_path):
    files = write_files(tmp_path, images=[photo(1, "user", 1, split="validation")])
    rows = answers(files, "totals_as_published")
    assert {(row["split"], row["measure"], row["ours"]) for row in rows} == {
        ("validation", "images", 1),
        ("validation", "items", 0),
    }

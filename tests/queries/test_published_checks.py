"""Checks that compare with what the authors published: retrieval lists and totals of splits."""

import pyarrow as pa
import pytest
from builders import garment, photo
from releases import answers, write_files, write_statistic

QUERY, STYLED, UNSTYLED = (0, 0, 5, 5), (0, 0, 7, 7), (0, 0, 8, 8)


def listed(number, image_id, style, edges=None, **more):
    """A row of the authors' lists; without style it is in a list of images."""
    row = {"list_no": number, "image_id": image_id, "style": style, "list_file": "val.json"}
    labels = {} if style is None else {"pair_id": 1}
    return (
        row | labels | dict(zip(("x1", "y1", "x2", "y2"), edges or (None,) * 4, strict=True)) | more
    )


def release(folder, *more, queries=(), gallery=()):
    """A consumer's items of style 1 and 0, a shop's of each, and lists of rows from 1."""
    items = [
        garment(1, 1, box=QUERY),
        garment(1, 0, 2, box=(1, 1, 6, 6)),
        garment(2, 1, box=STYLED),
        garment(3, 0, box=UNSTYLED),
    ]
    return write_files(
        folder,
        images=[photo(1, "user", 1), photo(2, "shop", 1), photo(3, "shop", 1)],
        items=[*items, *more],
        listed_queries=[listed(n, *row, **extra) for n, (row, extra) in enumerate(queries, 1)],
        listed_gallery=[listed(n, *row, **extra) for n, (row, extra) in enumerate(gallery, 1)],
    )


def at(*row, **extra):
    return row, extra


SIMILAR = garment(1, 1, 3, box=QUERY)


@pytest.mark.parametrize(
    ("more", "queries", "gallery", "problems"),
    [
        # Lists that agree with the rule.
        ([], [at(1, 1, QUERY)], [at(2, 1, STYLED), at(3, 0, UNSTYLED)], []),
        ([], [at(1, 1, QUERY, category_id=9)], [], []),
        # Without style 0, a list is one of styled items.
        ([], [], [at(2, 1, STYLED)], []),
        ([], [at(1, 1, QUERY, split="test")], [], []),  # a split without items
        # Equal items are expected as often as they occur.
        ([SIMILAR], [at(1, 1, QUERY)] * 2, [], []),
        ([SIMILAR], [at(1, 1, QUERY)], [], [("queries", 1, 5.0, "listed too rarely", 1, 2)]),
        (
            [],
            [at(1, 1, (0, 0, 5, 9))],
            [],
            [("queries", 1, 5.0, "by rule only", 0, 1), ("queries", 1, 5.0, "listed only", 1, 0)],
        ),
        (
            [],
            [],
            [at(2, 1, STYLED), at(2, 0, (0, 0, 1, 1))],
            [("gallery", 2, 1.0, "listed only", 1, 0), ("gallery", 3, 8.0, "by rule only", 0, 1)],
        ),
        # Lists of images are compared by image.
        (
            [],
            [],
            [at(2, None), at(4, None)],
            [("gallery", 3, None, "by rule only", 0, 1), ("gallery", 4, None, "listed only", 1, 0)],
        ),
        # A record that is repeated.
        ([], [at(1, 1, QUERY)] * 2, [], [("queries", 1, 5.0, "listed too often", 2, 1)]),
        ([], [at(1, None)] * 2, [], [("queries", 1, None, "listed too often", 2, 1)]),
        ([], [], [at(2, 1, STYLED)] * 2, [("gallery", 2, 7.0, "listed too often", 2, 1)]),
        (
            [],
            [],
            [at(2, None), at(2, None), at(3, None)],
            [("gallery", 2, None, "listed too often", 2, 1)],
        ),
    ],
)
def test_lists_are_compared_with_the_rule(tmp_path, more, queries, gallery, problems):
    rows = answers(release(tmp_path, *more, queries=queries, gallery=gallery), "listed_items_agree")
    names = ("side", "image_id", "x2", "problem", "listed", "expected")
    assert [tuple(row[name] for name in names) for row in rows] == problems


@pytest.mark.parametrize(
    "lists",
    [
        {"queries": [at(1, 1, QUERY, pair_id=2)]},
        {"queries": [at(1, 1, QUERY, category_id=8)]},
        {"queries": [at(1, 2, QUERY)]},
        {"gallery": [at(2, 1, STYLED, pair_id=2)]},
    ],
)
def test_labels_of_listed_records_are_compared(tmp_path, lists):
    rows = answers(release(tmp_path, **lists), "listed_items_agree")
    assert {(row["problem"], row["listed"], row["expected"]) for row in rows} == {
        ("by rule only", 0, 1),
        ("listed only", 1, 0),
    }


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
    files = write_statistic(tmp_path, "split_totals", pa.Table.from_pylist([totals]))
    names = ("split", "difference", "grade")
    rows = [tuple(row[name] for name in names) for row in answers(files, "totals_as_published")]
    assert rows == ([("test", images - 10_000, grade)] if grade else [])


def test_a_split_without_items_and_an_absent_split_differ(tmp_path):
    files = write_files(tmp_path, images=[photo(1, "user", 1, split="validation")])
    rows = answers(files, "totals_as_published")
    assert {(row["split"], row["measure"], row["ours"]) for row in rows} == {
        ("validation", "images", 1),
        ("validation", "items", 0),
    }

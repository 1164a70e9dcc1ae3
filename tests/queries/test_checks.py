"""Each check says nothing of a sound release, and finds what breaks its rule, with the problem."""

import pytest

from flows.warehouse import all_checks, open_warehouse, queries, run_checks
from schemas import TABLES

pytestmark = pytest.mark.slow


def test_only_what_our_own_code_guarantees_blocks_a_release():
    assert {check.name for check in queries("checks") if check.severity == "error"} == {
        *("annotated_images", "items_without_box", "landmarks_per_category"),
        *("pairs_hold_the_rule", "triplets_hold_the_rule"),
    }


def test_a_sound_release_passes_every_check_that_blocks(sound_files):
    with open_warehouse(sound_files, threads=1) as warehouse:
        verdicts = run_checks(warehouse)
    assert [verdict.name for verdict in verdicts] == [check.name for check in all_checks()]
    assert [verdict.name for verdict in verdicts if verdict.blocks] == []


@pytest.fixture
def found(memory, altered):
    """The rows that a check finds, after a statement damaged a table."""

    def rows(check, statement=None):
        if statement:
            altered(next(word for word in statement.split() if word in TABLES), statement)
        (verdict,) = run_checks(memory, only=[check])
        assert verdict.failure is None
        return list(verdict.examples)

    return rows


POSITIVE = "where pair_kind = 'positive'"
OF_CATEGORY = "where pair_kind = 'negative_same_category'"
RANDOM = "where negative_kind = 'negative_random'"
IMAGE = (
    "insert into images select * replace ({}, 99 as image_id) from images "
    "where dataset = '{}' limit 1"
)
UNKNOWN = "null as source, null as pair_id"


@pytest.mark.parametrize(
    ("check", "statement", "problem"),
    [
        ("pairs_hold_the_rule", f"delete from pairs {POSITIVE}", "0 pairs, but the items give 1"),
        *(
            ("pairs_hold_the_rule", f"update pairs set {change} {where}", problem)
            for where, change, problem in (
                (POSITIVE, "user_image_id = 9", "not the item of a consumer"),
                (POSITIVE, "shop_image_id = 1", "not the item of a shop"),
                (POSITIVE, "shop_style = 3", "labels differ from the items"),
                (POSITIVE, "shop_image_id = 3, shop_pair_id = 2", "pair_ids differ"),
                (POSITIVE, "shop_item_no = 2, shop_style = 2", "styles differ"),
                (POSITIVE, "pair_kind = 'negative_same_pair'", "styles are equal"),
                (POSITIVE, "pair_kind = 'negative_random'", "pair_ids are equal"),
                (
                    OF_CATEGORY,
                    "shop_item_no = 2, shop_style = 0, shop_category_id = 8",
                    "categories differ",
                ),
                (
                    OF_CATEGORY,
                    "shop_image_id = 2, shop_item_no = 2, shop_pair_id = 1, shop_style = 2",
                    "pair_ids are equal",
                ),
            )
        ),
        *(
            ("triplets_hold_the_rule", f"update triplets set {change} {RANDOM}", problem)
            for change, problem in (
                ("positive_image_id = 3", "anchor and positive are not a positive pair"),
                ("negative_image_id = 2", "anchor and negative are not a pair of that kind"),
                (
                    "negative_kind = 'negative_same_pair'",
                    "anchor and negative are not a pair of that kind",
                ),
            )
        ),
        *(
            (
                "annotated_images",
                f"update images set annotated = not annotated where dataset = '{dataset}' "
                "and image_id = 1",
                problem,
            )
            for dataset, problem in (
                ("deepfashion2", "not annotated, with annotations"),
                ("fashionai", "annotated, without landmarks"),
                ("fashion-mnist", "not annotated, with annotations"),
            )
        ),
        *(
            ("annotated_images", IMAGE.format(values, dataset), problem)
            for dataset, values, problem in (
                ("deepfashion2", UNKNOWN, "annotated, without source or pair_id"),
                (
                    "deepfashion2",
                    "false as annotated, null as pair_id",
                    "not annotated, with source or pair_id",
                ),
                ("fashion-mnist", UNKNOWN, "annotated, without item and rejection"),
            )
        ),
    ],
)
def test_the_problem_of_a_row_is_named(found, check, statement, problem):
    assert found(check) == []
    assert problem in {row["problem"] for row in found(check, statement)}


def test_a_refused_label_leaves_its_image_annotated(found, altered):
    altered(
        "rejections",
        "insert into rejections select * replace ('fashion-mnist' as dataset, 'test' as split, "
        "99 as image_id, 'unknown_category' as rule) from rejections",
    )
    assert found("annotated_images", IMAGE.format(UNKNOWN, "fashion-mnist")) == []


def test_an_item_has_the_box_that_its_source_gives(found):
    nulls = "x1 = null, y1 = null, x2 = null, y2 = null"
    (row,) = found(
        "items_without_box", f"update items set {nulls} where image_id = 3 and style = 1"
    )
    assert row["dataset"] == "deepfashion2"


@pytest.mark.parametrize(
    ("statement", "category", "count"),
    [
        ("delete from landmarks where rowid = 0", 8, 7),
        ("insert into landmarks select * replace (9 as landmark_no) from landmarks limit 1", 8, 9),
        ("delete from landmarks where image_id = 1", 8, 0),
        (
            "insert into landmarks select * replace ('fashionai' as dataset, 'test_b' as split) "
            "from landmarks limit 1",
            4,
            1,
        ),
    ],
)
def test_an_item_has_the_landmarks_of_its_category_or_none_where_no_answers_are_given(
    found, statement, category, count
):
    (row,) = found("landmarks_per_category", statement)
    assert (row["landmark_count"], row["row_count"]) == (category, count)


def test_misnamed_categories_are_found(found):
    (row,) = found(
        "category_names", "update items set category_name = 'pants' where category_id = 8"
    )
    assert (row["category_name"], row["expected_name"]) == ("pants", "trousers")

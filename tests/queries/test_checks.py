"""Each check finds what it is for, says nothing of a sound release, and has its severity."""

import pytest
from made_up_release import write_release
from tiny_release import answers, garment, photo, tiny_release, with_pairs

from flows.warehouse import all_checks, open_warehouse, queries, query, run_checks
from flows.warehouse.queries import Query

ERRORS = {
    "annotated_images",
    "items_without_box",
    "landmarks_per_category",
    "pairs_hold_the_rule",
    "triplets_hold_the_rule",
}


def found(files, name):
    """The offending rows of a check."""
    assert query(name).kind == "checks"
    return answers(files, name)


def points(*visibilities, item_no=1, image_id=1, **more):
    """Landmarks rows of one item, numbered from 1."""
    return [
        {"image_id": image_id, "item_no": item_no, "landmark_no": number, "visibility": word,
         "x": None if word == "unlabelled" else 10.0 * number,
         "y": None if word == "unlabelled" else 20.0} | more
        for number, word in enumerate(visibilities, start=1)
    ]  # fmt: skip


SKIRT = ["visible"] * 6 + ["occluded", "unlabelled"]


def test_only_what_our_own_code_guarantees_blocks_a_release():
    assert {one.name for one in queries("checks") if one.severity == "error"} == ERRORS


@pytest.mark.slow
def test_a_sound_release_passes_every_check_that_blocks(tmp_path):
    files = write_release(
        tmp_path,
        {
            "train": 120,
            "validation": 60,
        },
        fashionai=40,
    )
    verdicts = run_checks(open_warehouse(files))
    assert [v.name for v in verdicts] == [check.name for check in all_checks()]
    assert [v.name for v in verdicts if v.blocks] == []


@pytest.mark.parametrize(("landmarks", "sound"), [
    (SKIRT, True), (SKIRT[:7], False), ([*SKIRT, "unlabelled"], False), ([], False)
])  # fmt: skip
def test_an_item_has_the_landmarks_of_its_category(tmp_path, landmarks, sound):
    files = tiny_release(tmp_path, items=[garment(1, 1)], landmarks=points(*landmarks))
    assert (found(files, "landmarks_per_category") == []) == sound


def test_a_fashionai_item_has_all_landmarks_or_none(tmp_path):
    own = {"dataset": "fashionai", "split": "train"}
    files = tiny_release(
        tmp_path,
        items=[garment(1, None, category_id=4, **own)],
        landmarks=points("visible", **own),
    )
    (row,) = found(files, "landmarks_per_category")
    assert (row["landmark_count"], row["row_count"]) == (4, 1)


def test_a_fashionai_list_without_answers_needs_no_landmarks(tmp_path):
    skirt = garment(1, None, dataset="fashionai", split="test_b", category_id=4)
    assert found(tiny_release(tmp_path, items=[skirt]), "landmarks_per_category") == []


def test_a_category_without_landmarks_needs_none(tmp_path):
    boot = garment(1, None, dataset="fashion-mnist", category_id=9)
    assert found(tiny_release(tmp_path, items=[boot]), "landmarks_per_category") == []


def test_misnamed_categories_are_found(tmp_path):
    files = tiny_release(
        tmp_path,
        items=[
            garment(1, 1, category_id=9, category_name="skirt"),
            garment(3, 1, category_id=8, category_name="pants"),
        ],
    )
    (row,) = found(files, "category_names")
    assert (row["category_name"], row["expected_name"]) == ("pants", "trousers")


@pytest.mark.slow
def test_pairs_are_held_against_their_items(tmp_path):
    images = [photo(1, "user", 1), photo(2, "shop", 1), photo(3, "shop", 2)]
    items = [garment(1, 1), garment(2, 1), garment(2, 2, item_no=2), garment(3, 1)]
    files = tiny_release(tmp_path, images=images, items=items)
    built = with_pairs(tmp_path / "b", files, "negative_same_pair", "negative_random")
    assert found(built, "pairs_hold_the_rule") == []

    (lost,) = found(files, "pairs_hold_the_rule")  # no pairs at all
    assert lost["problem"] == "0 pairs, but the items give 1"

    def tampered(kind, **changes):
        (row,) = [one for one in answers(built, "positive_pairs")]
        row = row | {"pair_kind": kind} | changes
        again = tiny_release(tmp_path / str(changes) / kind, vocabularies=False, pairs=[row])
        return found(files | again, "pairs_hold_the_rule")[0]["problem"]

    assert tampered("positive", user_image_id=9) == "not the item of a consumer"
    assert tampered("positive", shop_image_id=1) == "not the item of a shop"
    assert tampered("positive", shop_style=3) == "labels differ from the items"
    assert tampered("positive", shop_image_id=3, shop_pair_id=2) == "pair_ids differ"
    assert tampered("positive", shop_item_no=2, shop_style=2) == "styles differ"
    assert tampered("negative_same_pair") == "styles are equal"
    assert tampered("negative_random") == "pair_ids are equal"


@pytest.mark.slow
def test_triplets_are_held_against_the_pairs(tmp_path):
    files = tiny_release(
        tmp_path,
        images=[photo(1, "user", 1), photo(2, "shop", 1), photo(3, "shop", 2)],
        items=[garment(1, 1), garment(2, 1), garment(3, 1)],
    )
    built = with_pairs(tmp_path / "b", files, "negative_random")
    (triplet,) = answers(built, "triplets")

    def problems(**changes):
        again = tiny_release(
            tmp_path / str(changes), vocabularies=False, triplets=[triplet | changes]
        )
        return [row["problem"] for row in found(built | again, "triplets_hold_the_rule")]

    assert problems() == []
    assert problems(positive_image_id=3) == ["anchor and positive are not a positive pair"]
    assert problems(negative_image_id=2) == ["anchor and negative are not a pair of that kind"]
    assert problems(negative_kind="negative_same_pair") == [
        "anchor and negative are not a pair of that kind"
    ]


def test_a_verdict_counts_all_and_shows_the_first(tmp_path):
    files = tiny_release(
        tmp_path, images=[photo(n, "user", 1, image_status="missing") for n in range(9)]
    )
    (verdict,) = run_checks(open_warehouse(files), examples=2, only=["missing_pictures"])
    assert (verdict.rows, verdict.severity, verdict.blocks) == (9, "warn", False)
    assert [row["image_id"] for row in verdict.examples] == [0, 1]
    assert isinstance(query("missing_pictures"), Query)

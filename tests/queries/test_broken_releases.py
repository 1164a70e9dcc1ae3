"""A release in which everything is right passes; each copy with one thing broken is blocked."""

import pytest
from sound_release import broken_copy, problems, write_sound_release

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return write_sound_release(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def broken(tmp_path, sound):
    """The problems of the sound release after `breaks` changed the rows of `table`.

    One check is run where its name is known, which costs a twentieth of running all.
    """

    def judge(table, breaks, *checks):
        return problems(broken_copy(tmp_path, sound, table, breaks), *checks)

    return judge


def of_kind(rows, kind):
    """The first pair of that kind."""
    return next(row for row in rows if row["pair_kind"] == kind)


def test_the_sound_release_is_not_blocked(sound):
    assert problems(sound) == {}


@pytest.mark.parametrize(
    ("shop_item", "problem"),
    [
        ({"image_id": 3, "item_no": 2, "pair_id": 2, "style": 0, "category_id": 8},
         "categories differ"),
        ({"image_id": 2, "item_no": 2, "pair_id": 1, "style": 2, "category_id": 9},
         "pair_ids are equal"),
    ],
)  # fmt: skip
def test_a_negative_of_the_same_category_is_another_product_of_it(broken, shop_item, problem):
    def swap(rows):
        row = of_kind(rows, "negative_same_category")
        row.update({f"shop_{name}": value for name, value in shop_item.items()})

    rows = broken("pairs", swap, "pairs_hold_the_rule")["pairs_hold_the_rule"]
    assert [row["problem"] for row in rows] == [problem]


def test_an_item_has_the_box_that_its_source_gives(broken):
    def lose(rows):
        row = next(row for row in rows if row["dataset"] == "deepfashion2")
        row.update(dict.fromkeys(("x1", "y1", "x2", "y2")))

    (row,) = broken("items", lose, "items_without_box")["items_without_box"]
    assert row["dataset"] == "deepfashion2"


@pytest.mark.parametrize(
    ("dataset", "problem"),
    [
        ("deepfashion2", "not annotated, with annotations"),
        ("fashionai", "annotated, without landmarks"),
        ("fashion-mnist", "not annotated, with annotations"),
    ],
)
def test_annotated_agrees_with_the_annotations(broken, dataset, problem):
    def flip(rows):
        row = next(row for row in rows if row["dataset"] == dataset)
        row["annotated"] = not row["annotated"]

    rows = broken("images", flip, "annotated_images")["annotated_images"]
    assert [row["problem"] for row in rows] == [problem]


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({"dataset": "deepfashion2", "split": "train", "annotated": True},
         "annotated, without source or pair_id"),
        ({"dataset": "deepfashion2", "split": "train", "annotated": False, "source": "user"},
         "not annotated, with source or pair_id"),
        ({"dataset": "fashion-mnist", "split": "test", "annotated": True},
         "annotated, without item and rejection"),
    ],
)  # fmt: skip
def test_annotated_agrees_for_images_without_items(broken, own, problem):
    picture = {"image_id": 99, "file_name": "99.jpg", "image_status": "ok"}
    rows_by_check = broken("images", lambda rows: rows.append(picture | own), "annotated_images")
    assert [row["problem"] for row in rows_by_check["annotated_images"]] == [problem]


def test_a_refused_label_leaves_its_image_annotated(tmp_path, sound):
    own = {"dataset": "fashion-mnist", "split": "test", "image_id": 99}
    image = {"file_name": "99.png", "image_status": "ok", "annotated": True}
    files = broken_copy(tmp_path / "a", sound, "images", lambda rows: rows.append(own | image))
    refusal = {
        "file_name": "t10k-labels",
        "rule": "unknown_category",
        "message": "label 77",
        "excerpt": "77",
    }
    files = broken_copy(
        tmp_path / "b", files, "rejections", lambda rows: rows.append(own | refusal)
    )
    assert problems(files) == {}

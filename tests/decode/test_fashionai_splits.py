"""Which set a file belongs to, whatever the archives were unpacked to."""

import pytest

from flows.decode.fashionai.splits import picture_root, splits_at, table_root, table_splits
from schemas.errors import InputError

ANSWER_A = "fashionAI_key_points_test_a_answer_20180426.csv"
ANSWER_B = "fashionAI_key_points_test_b_answer_20180426.csv"


@pytest.mark.parametrize(
    ("splits", "chosen"),
    [
        ({"train.csv": "train"}, None),
        ({"train/Annotations/train.csv": "train"}, None),
        ({"fashionAI_key_points_train_20180227/train/Annotations/train.csv": "train"}, None),
        ({"Annotations/annotations.csv": "warm_up"}, None),
        ({"train/Annotations/annotations.csv": "warm_up"}, None),
        ({"warm_up_train_20180222/train/Annotations/train.csv": "warm_up"}, None),
        ({ANSWER_A: "test_a"}, None),
        ({f"r1_test_b/{ANSWER_A}": "test_a"}, None),
        ({ANSWER_B: "test_b"}, None),
        ({"fashionAI_key_points_test_a_20180227/test.csv": "test_a"}, None),
        ({"r1_test_b/test.csv": "test_b"}, None),
        ({"data/TEST_B/test.csv": "test_b"}, None),
        ({"test_a.csv": "test_a"}, None),
        ({"answer_b.csv": "test_b"}, None),
        ({"test.csv": "test"}, None),
        ({"answers.csv": "test"}, None),
        ({"round2_fashionAI_key_points_test_a_20180426/test.csv": "test"}, None),
        ({"r2_test_b/test.csv": "test"}, None),
        ({"train_13rows.csv": "train"}, None),
        # A list is named by the answers in its folder.
        ({"test.csv": "test_b", ANSWER_B: "test_b"}, None),
        ({"x/test.csv": "test", f"y/{ANSWER_B}": "test_b"}, None),
        ({"test.csv": "test", ANSWER_A: "test_a", ANSWER_B: "test_b"}, None),
        # --split names the only set, and does not merge sets that say they are several.
        ({"rows.csv": "test_b"}, "test_b"),
        ({"annotations.csv": "train"}, "train"),
        ({"test.csv": "train", ANSWER_A: "train"}, "train"),
        ({"train/train.csv": "train", f"a/{ANSWER_A}": "test_a"}, "train"),
    ],
)
def test_names_and_folders_say_the_set(splits, chosen):
    assert table_splits(list(splits), chosen) == splits


def test_files_of_contestants_are_ignored():
    names = ["train.csv", "submission.csv", "split/train_1.csv", "results1017_36.csv"]
    assert table_splits(names, None) == {"train.csv": "train"}


@pytest.mark.parametrize(
    ("names", "split", "why"),
    [
        ([], None, "found no CSV"),
        (["Images/blouse/x.jpg"], None, "found no CSV"),
        (["mine.csv", "yours.csv"], None, "found mine.csv, yours.csv"),
        (["mine.csv"], None, "mine.csv does not say which split it is: name it with --split"),
        (
            ["train/train.csv", f"a/{ANSWER_A}"],
            "warm_up",
            "no split 'warm_up', but several others: test_a, train",
        ),
    ],
)
def test_a_source_without_a_known_table_is_refused(names, split, why):
    with pytest.raises(InputError, match=why):
        table_splits(names, split)


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("train.csv", ""),
        ("Annotations/train.csv", ""),
        ("train/Annotations/train.csv", "train"),
        ("a/b/test.csv", "a/b"),
    ],
)
def test_pictures_lie_beside_their_table(name, root):
    assert table_root(name) == root
    assert picture_root(f"{root}/Images/skirt/x.jpg".lstrip("/")) == root


def test_only_what_lies_two_folders_deep_under_images_is_a_picture():
    assert picture_root("train/Images/x.jpg") is None
    assert picture_root("train/Images/skirt/small/x.jpg") is None
    assert picture_root("train/pictures/skirt/x.jpg") is None


def test_a_folder_without_a_table_belongs_to_the_set_it_is_named_after():
    roots = {"train": {"csv"}, "test_a": {"csv"}, "test_b": {"b"}}
    assert splits_at("csv", roots) == ["train", "test_a"]
    assert splits_at("pictures/r1_test_a", roots) == ["test_a"]
    assert splits_at("pictures/train", roots) == ["train"]
    assert splits_at("pictures", roots) == ["train", "test_a", "test_b"]

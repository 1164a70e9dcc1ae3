"""Which set a file belongs to, whatever the archives were unpacked to."""

import pytest

from flows.decode.fashionai.splits import picture_root, splits_at, table_root, table_splits
from schemas.errors import InputError

ANSWER_A = "fashionAI_key_points_test_a_answer_20180426.csv"
ANSWER_B = "fashionAI_key_points_test_b_answer_20180426.csv"


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.csv", "train"),
        ("train/Annotations/train.csv", "train"),
        ("fashionAI_key_points_train_20180227/train/Annotations/train.csv", "train"),
        ("Annotations/annotations.csv", "warm_up"),
        ("train/Annotations/annotations.csv", "warm_up"),
        ("warm_up_train_20180222/train/Annotations/train.csv", "warm_up"),
        (ANSWER_A, "test_a"),
        (f"r1_test_b/{ANSWER_A}", "test_a"),
        (ANSWER_B, "test_b"),
        ("fashionAI_key_points_test_a_20180227/test.csv", "test_a"),
        ("r1_test_b/test.csv", "test_b"),
        ("data/TEST_B/test.csv", "test_b"),
        ("test_a.csv", "test_a"),
        ("answer_b.csv", "test_b"),
        ("test.csv", "test"),
        ("answers.csv", "test"),
        ("round2_fashionAI_key_points_test_a_20180426/test.csv", "test"),
        ("r2_test_b/test.csv", "test"),
        ("train_13rows.csv", "train"),
    ],
)
def test_names_and_folders_tell_the_set(name, split):
    assert table_splits([name], None) == {name: split}


def test_a_list_is_named_by_the_answers_beside_it():
    assert table_splits(["test.csv", ANSWER_B], None) == {"test.csv": "test_b", ANSWER_B: "test_b"}
    apart = table_splits(["x/test.csv", f"y/{ANSWER_B}"], None)
    assert apart == {"x/test.csv": "test", f"y/{ANSWER_B}": "test_b"}
    both = table_splits(["test.csv", ANSWER_A, ANSWER_B], None)
    assert both["test.csv"] == "test"


def test_a_contestants_files_beside_the_tables_are_left_alone():
    names = ["train.csv", "submission.csv", "split/train_1.csv", "results1017_36.csv"]
    assert table_splits(names, None) == {"train.csv": "train"}


def test_split_names_the_only_set():
    assert table_splits(["rows.csv"], "test_b") == {"rows.csv": "test_b"}
    assert table_splits(["annotations.csv"], "train") == {"annotations.csv": "train"}
    assert table_splits(["test.csv", ANSWER_A], "train") == {"test.csv": "train", ANSWER_A: "train"}


def test_split_does_not_merge_sets_that_say_they_are_several():
    names = ["train/train.csv", f"a/{ANSWER_A}"]
    assert set(table_splits(names, "train").values()) == {"train", "test_a"}
    with pytest.raises(InputError, match="no split 'warm_up', but several others: test_a, train"):
        table_splits(names, "warm_up")


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([], "found no CSV"),
        (["Images/blouse/x.jpg"], "found no CSV"),
        (["mine.csv", "yours.csv"], "found mine.csv, yours.csv"),
        (["mine.csv"], "mine.csv does not say which split it is: name it with --split"),
    ],
)
def test_a_source_without_a_known_table_is_refused(names, why):
    with pytest.raises(InputError, match=why):
        table_splits(names, None)


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

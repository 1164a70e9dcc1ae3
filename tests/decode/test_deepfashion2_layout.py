"""How a listing of DeepFashion2 becomes parts."""

import pyarrow as pa
import pytest
from decoded_sources import arrange, listing
from decoded_sources import arranged as arranged_tables

from flows.decode.deepfashion2 import DEEPFASHION2
from schemas.errors import InputError
from schemas.source import ARRANGED


def arranged(*names: str, split: str | None = None):
    return arrange(DEEPFASHION2, *names, split=split)


def test_a_number_says_the_part_and_a_folder_the_role():
    arrangement = arranged(
        "train/annos/004095.json", "train/annos/004096.json", "train/image/004096.jpg",
        "test/image/000001.jpg",
    ).members  # fmt: skip
    assert arrangement.schema.equals(ARRANGED)
    assert arrangement.select(["split", "part", "role", "image_id"]).to_pylist() == [
        {"split": "test", "part": 0, "role": "picture", "image_id": 1},
        {"split": "train", "part": 0, "role": "document", "image_id": 4095},
        {"split": "train", "part": 1, "role": "document", "image_id": 4096},
        {"split": "train", "part": 1, "role": "picture", "image_id": 4096},
    ]


def test_what_people_and_their_machines_leave_about_is_ignored_by_name():
    litter = {
        "train/annos/.000001.json.swp", "train/image/._000001.jpg", "train/image/Thumbs.db",
        "__MACOSX/train/annos/._000001.json", "train/annos/desktop.ini", ".git/config",
        "README.md", "train/notes.txt", "images/train/image/000009.jpg",
    }  # fmt: skip
    arrangement = arranged("train/annos/000001.json", *litter)
    assert arrangement.members["name"].to_pylist() == ["train/annos/000001.json"]
    assert set(arrangement.ignored) == litter


@pytest.mark.parametrize(
    "name",
    [
        "train/annos/one.json", "train/annos/000001.jpg", "train/annos/000001.json.bak",
        "train/image/000001.json", "train/image/000001.gif", "train/image/more/000001.jpg",
        "train/annos/-1.json", "train/annos/1234567890123.json", "train/annos/\u0661.json",
        "train/annos/000001.json\n", "train/annos/list_query.txt",
    ],
)  # fmt: skip
def test_a_name_that_is_no_number_is_unexpected(name):
    rows = arranged("train/annos/000007.json", name).members.to_pylist()
    (row,) = [row for row in rows if row["name"] == name]
    assert (row["role"], row["part"], row["image_id"]) == ("unexpected", 0, None)


def test_of_two_files_for_one_image_the_first_by_name_stays():
    rows = arranged(
        "train/annos/000001.json", "train/annos/1.json", "train/annos/01.json",
        "train/image/000001.jpg", "train/image/000001.png", "validation/annos/1.json",
    ).members.to_pylist()  # fmt: skip
    assert {row["name"]: (row["role"], row["image_id"]) for row in rows} == {
        "train/annos/000001.json": ("document", 1),
        "train/annos/01.json": ("unexpected", 1),
        "train/annos/1.json": ("unexpected", 1),
        "train/image/000001.jpg": ("picture", 1),
        "train/image/000001.png": ("unexpected", 1),
        "validation/annos/1.json": ("document", 1),
    }


@pytest.mark.parametrize(
    ("names", "split", "kept", "pictures"),
    [
        (["train/annos/1.json", "test/image/1.jpg"], "test", ["test/image/1.jpg"], {}),
        # A split in its own folder is named by --split.
        (
            ["annos/1.json", "image/1.jpg"],
            "validation",
            ["annos/1.json", "image/1.jpg"],
            {"validation": "image/{file_name}"},
        ),
        # A root with both is read by its split folders.
        (["annos/1.json", "train/annos/1.json"], None, ["train/annos/1.json"], {}),
    ],
)
def test_a_split_may_be_chosen_or_be_named_for_its_folder(names, split, kept, pictures):
    arrangement = arranged(*names, split=split)
    assert arrangement.members["name"].to_pylist() == kept
    assert set(arrangement.members["split"].to_pylist()) == {split or "train"}
    assert arrangement.pictures == pictures
    if split is None:
        assert set(arrangement.ignored) == set(names) - set(kept)


@pytest.mark.parametrize(
    ("names", "split", "words"),
    [
        ([], None, "found no files at all"),
        (["a/b.txt", "c.txt"], None, "found a/, c.txt"),
        (["list_query.txt"], None, "train/, validation/ or test/"),
        (["annos/000001.json"], None, "--split"),
        (["train/annos/1.json"], "test", "expected test/"),
        ([f"{n}/x" for n in range(9)], None, "and 4 more"),
    ],
)
def test_another_folder_is_answered_in_a_sentence(names, split, words):
    with pytest.raises(InputError, match=words):
        arranged(*names, split=split)


def test_picture_records_go_to_every_part_and_lists_to_the_first():
    rows = arranged(
        "validation/annos/000001.json", "validation/annos/005000.json", "test/image/009000.jpg",
        "json_for_validation/keypoints_val_information.json", "val_gallery.json",
        "retrieval_test_shop_information.json", "a/b/list_query.txt", "a/b/c/query_gt.json",
    ).members.to_pylist()  # fmt: skip
    side = [(row["split"], row["part"], row["name"]) for row in rows if row["role"] == "side"]
    assert side == [
        ("test", 0, "retrieval_test_shop_information.json"),
        ("test", 2, "retrieval_test_shop_information.json"),
        ("validation", 0, "a/b/list_query.txt"),
        ("validation", 0, "json_for_validation/keypoints_val_information.json"),
        ("validation", 0, "val_gallery.json"),
        ("validation", 1, "json_for_validation/keypoints_val_information.json"),
    ]


def test_a_listing_in_pieces_is_arranged_as_a_whole():
    names = ["train/annos/1.json", "train/annos/2.json"]
    tables = [listing(group) for group in ([names[1]], [names[0]], [])]
    assert arranged_tables(DEEPFASHION2, tables, None, {}.__getitem__) == arranged(*names)
    chunked = [pa.concat_tables(tables)]
    assert arranged_tables(DEEPFASHION2, chunked, None, {}.__getitem__) == arranged(*names)


def test_pictures_are_where_the_source_has_them():
    path = DEEPFASHION2.picture_path.format(split="validation", file_name="000007.jpg")
    assert path == "validation/image/000007.jpg"

"""Parts and stamps; lists, answers and pictures of an image: one image, one place."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from decoded_sources import arranged, decode_source, listing, part_input
from fashionai_rows import image_id, listed, row, table

from flows.decode.fashionai import FASHIONAI
from schemas.errors import InputError
from schemas.source import Document

TABLE, WARM_UP = "train/Annotations/train.csv", "train/Annotations/annotations.csv"
LIST = "r1_test_a/test.csv"
ANSWERS = "r1_test_a/fashionAI_key_points_test_a_answer_20180426.csv"
FIRST, SECOND, THIRD = (image_id("skirt", number) for number in (1, 2, 3))
DRESS, NINTH = image_id("dress", 1), image_id("dress", 9)
TEN_PARTS = [row(number=k, first=digit) for k, digit in enumerate("0123456789")]


def decode(files, split=None):
    return decode_source(FASHIONAI, files, split)


def members_of(files):
    return arranged(FASHIONAI, [listing(files)], None, files.__getitem__).members


def stamps(data):
    members = members_of({"train.csv": data})
    return dict(zip(members["part"].to_pylist(), members["stamp"].to_pylist(), strict=True))


def test_the_first_hex_digit_of_the_hash_is_the_part_and_numbers_order_its_images():
    rows = [row(first="f"), row(first="0"), *(row(number=k, first="9") for k in (7, 3, 5))]
    source = decode({"train.csv": table(*rows)})
    assert source.arranged.members["part"].to_pylist() == [0, 9, 15]
    places = [(image["image_id"] >> 48, image["image_id"] & 15) for image in source.images]
    assert places == [(0, 1), (9, 3), (9, 5), (9, 7), (15, 1)]


PLAIN, OTHER = table(*TEN_PARTS), row("skirt", 4, "4", hemline_left="1_1_1")
# A row that will be refused is stamped with its place.
BROKEN = (row(first="a"), row(number=3, first="3", crotch="1_1_1"))


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (PLAIN, table(*TEN_PARTS[:4], OTHER, *TEN_PARTS[5:]), {4}),
        (PLAIN, table(row(number=77, first="f"), *TEN_PARTS), {15}),
        (PLAIN, b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n")[:-2], set()),
        (table(*BROKEN), table(BROKEN[0], row(number=2, first="b"), BROKEN[1]), {3, 11}),
    ],
    ids=["one row", "a new row at the top", "written in another way", "a refused row moved"],
)  # fmt: skip
def test_a_stamp_changes_with_the_rows_of_its_part_only(before, after, changed):
    old, new = stamps(before), stamps(after)
    assert {part for part in new if new[part] != old.get(part)} == changed


def test_a_table_that_changed_or_vanished_after_it_was_arranged_is_not_decoded():
    files = {"train.csv": table(row(), row(number=2))}
    members = members_of(files)
    unread = Document("train.csv", None, "unreadable", "it does not exist any more")
    for content, why in (
        (table(row()), "train.csv changed while it was ingested"),
        (table(row(), row(number=2, hemline_left="1_1_1")), "changed while it was ingested"),
        (unread, "cannot be read: it does not exist any more"),
    ):
        with pytest.raises(InputError, match=why):
            FASHIONAI.decode(part_input(members, {"train.csv": content}))


class Case(NamedTuple):
    """Files, and what they give; a rejection is file name, rule and message."""

    files: dict[str, bytes]
    images: list[tuple[Any, ...]]
    rejections: Sequence[tuple[str, str, str]] = ()
    ignored: tuple[str, ...] = ()


def annotated(split, name, document, size=None, landmarks=4):
    return split, name, document, True, [landmarks], size


def only_listed(split, name, document, size=None):
    return split, name, document, False, [0], size


def only_a_picture(split, name, size):
    return split, name, None, False, [], size


CLASH = "row 2: claims the same image with other content than row 2 of "
CASES = {
    "answers annotate, and what they lost stays on the list": Case(
        {LIST: listed(FIRST, SECOND), ANSWERS: table(row())},
        [annotated("test_a", FIRST, ANSWERS), only_listed("test_a", SECOND, LIST)],
    ),
    "an annotation precedes a list whose name sorts first": Case(
        {"test_a.csv": listed(FIRST), "zz_answer_a.csv": table(row())},
        [annotated("test_a", FIRST, "zz_answer_a.csv")],
    ),
    "an image whose answer is refused does not return by its list or picture": Case(
        {LIST: listed(FIRST), ANSWERS: table(row(crotch="1_1_1")), f"r1_test_a/{FIRST}": b"1"},
        [],
        [(ANSWERS, "bad_cell", "row 2, column crotch: the category has no such point, so it must "
          "be -1_-1_-1")],
    ),
    "a list that contradicts the answers is a clash": Case(
        {LIST: listed(DRESS), ANSWERS: table(row())},
        [annotated("test_a", FIRST, ANSWERS)],
        [(LIST, "image_id_clash", CLASH + ANSWERS)],
    ),
    "an image listed twice is a duplicate": Case(
        {"test.csv": listed(FIRST, FIRST)},
        [only_listed("test", FIRST, "test.csv")],
        [("test.csv", "exact_duplicate", "row 3: repeats row 2 of test.csv")],
    ),
    "the same row in a second table of the set is a duplicate": Case(
        {"a/answer_a.csv": table(row(), row(number=2)), "b/answer_a.csv": table(row())},
        [annotated("test_a", name, "a/answer_a.csv") for name in (FIRST, SECOND)],
        [("b/answer_a.csv", "exact_duplicate", "row 2: repeats row 2 of a/answer_a.csv")],
    ),
    "an image in two sets is in both": Case(
        {TABLE: table(row()), ANSWERS: table(row())},
        [annotated("test_a", FIRST, ANSWERS), annotated("train", FIRST, TABLE)],
    ),
    "a picture without a row is an image without item, also alone in its part": Case(
        {TABLE: table(row()), f"train/{SECOND}": b"22", f"train/{image_id('skirt', 5, 'f')}": b"1"},
        [annotated("train", FIRST, TABLE), only_a_picture("train", SECOND, 2),
         only_a_picture("train", image_id("skirt", 5, "f"), 1)],
    ),
    "a file whose name is not a hash is refused": Case(
        {TABLE: table(row()), "train/Images/skirt/front.jpg": b"", "train/x.png": b""},
        [annotated("train", FIRST, TABLE)],
        [("train/Images/skirt/front.jpg", "unexpected_file_name",
          "not named <32 hex digits>.jpg")],
        ("train/x.png",),
    ),
    "a picture in another folder than its row says is a clash": Case(
        {TABLE: table(row()), f"train/{DRESS}": b"", f"train/{FIRST}": b"12345"},
        [annotated("train", FIRST, TABLE, 5)],
        [(f"train/{DRESS}", "image_id_clash", f"the image is {FIRST}")],
    ),
    "the same without a picture in the right folder": Case(
        {TABLE: table(row()), f"train/{DRESS}": b""},
        [annotated("train", FIRST, TABLE)],
        [(f"train/{DRESS}", "image_id_clash", f"the image is {FIRST}")],
    ),
    "two pictures of an image without a row": Case(
        {TABLE: table(row()), f"train/{image_id('skirt', 9)}": b"", f"train/{NINTH}": b""},
        [annotated("train", FIRST, TABLE), only_a_picture("train", NINTH, 0)],
        [(f"train/{image_id('skirt', 9)}", "image_id_clash", f"the image is {NINTH}")],
    ),
    "sets that share a folder each take their own pictures": Case(
        {TABLE: table(row()), WARM_UP: table(row(number=2)), f"train/{FIRST}": b"1",
         f"train/{SECOND}": b"22", f"train/{THIRD}": b"333"},
        [annotated("train", FIRST, TABLE, 1), only_a_picture("train", THIRD, 3),
         annotated("warm_up", SECOND, WARM_UP, 2)],
    ),
    "a picture that two sets name belongs to both": Case(
        {"train.csv": table(row()), "annotations.csv": table(row()), FIRST: b"12345"},
        [annotated("train", FIRST, "train.csv", 5),
         annotated("warm_up", FIRST, "annotations.csv", 5)],
    ),
    "what archivers leave behind is ignored": Case(
        {TABLE: table(row()), f"train/{FIRST}": b"1", "__MACOSX/train/Images/skirt/x.jpg": b"",
         "train/Images/skirt/.DS_Store": b"", "train/Images/skirt/Thumbs.db": b""},
        [annotated("train", FIRST, TABLE, 1)],
        (),
        ("__MACOSX/train/Images/skirt/x.jpg", "train/Images/skirt/.DS_Store",
         "train/Images/skirt/Thumbs.db"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_tables_lists_and_pictures_give_one_image_each(case):
    source = decode(case.files)
    columns = ("split", "file_name", "document", "annotated")
    assert [
        (
            *(image[column] for column in columns),
            [len(item["landmarks"]) for item in image["items"]],
            image["byte_size"],
        )
        for image in source.images
    ] == case.images
    statuses = [image["image_status"] == "ok" for image in source.images]
    assert statuses == [image[-1] is not None for image in case.images]
    rejections = [(row["file_name"], row["rule"], row["message"]) for row in source.rejections]
    assert rejections == list(case.rejections)
    assert source.arranged.ignored == case.ignored


def test_split_takes_one_set_of_several():
    pictures = {f"train/{FIRST}": b"jpeg", f"r1_test_a/{FIRST}": b"jpeg"}
    files = {TABLE: table(row()), ANSWERS: table(row())} | pictures
    source = decode(files, "test_a")
    assert [image["split"] for image in source.images] == ["test_a"]
    assert source.arranged.ignored == (TABLE, f"train/{FIRST}")
    with pytest.raises(InputError, match="no split 'warm_up', but several others: test_a, train"):
        decode(files, "warm_up")
    shared = {TABLE: table(row()), WARM_UP: table(row(number=2)), f"train/{FIRST}": b"1"}
    only = decode(shared | {f"train/{SECOND}": b"22", f"train/{THIRD}": b"333"}, "train")
    assert [image["byte_size"] for image in only.images] == [1, 3]


def test_the_arrangement_knows_where_pictures_are():
    for files, pattern in (
        ({"train.csv": table(row()), FIRST: b""}, "{file_name}"),
        ({f"old/{TABLE}": table(row())}, "old/train/{file_name}"),
    ):
        assert decode(files).arranged.pictures == {"train": pattern}

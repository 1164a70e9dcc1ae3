"""Parts and stamps, lists and answers, pictures with and without rows: one image, one place."""

import pytest
from decoded_sources import decode_source, listing, part_input
from fashionai_rows import image_id, listed, row, table

from flows.decode.fashionai import FASHIONAI
from schemas.errors import InputError
from schemas.source import Document

ANSWERS = "r1_test_a/fashionAI_key_points_test_a_answer_20180426.csv"
FROM_TEN_PARTS = [row(number=k, first=digit) for k, digit in enumerate("0123456789")]


def decode(files, split=None):
    return decode_source(FASHIONAI, files, split)


def stamps(data):
    files = {"train.csv": data}
    members = FASHIONAI.arrange(listing(files), None, files.__getitem__).members
    return dict(zip(members["part"].to_pylist(), members["stamp"].to_pylist(), strict=True))


def test_the_first_hex_digit_of_the_hash_is_the_part():
    source = decode({"train.csv": table(row(first="0"), row(first="9"), row(first="f"))})
    assert source.arranged.members["part"].to_pylist() == [0, 9, 15]
    assert [image["image_id"] >> 48 for image in source.images] == [0, 9, 15]


def test_images_come_in_the_order_of_their_numbers():
    numbers = (7, 3, 5)
    images = decode({"train.csv": table(*(row(number=k) for k in numbers))}).images
    assert [image["image_id"] & 15 for image in images] == [3, 5, 7]


def test_one_changed_row_changes_the_stamp_of_one_part():
    before = stamps(table(*FROM_TEN_PARTS))
    rows = list(FROM_TEN_PARTS)
    rows[4] = row(number=4, first="4", hemline_left="1_1_1")
    after = stamps(table(*rows))
    assert [part for part in before if before[part] != after[part]] == [4]


def test_a_new_row_at_the_top_leaves_the_other_parts_alone():
    before = stamps(table(*FROM_TEN_PARTS))
    after = stamps(table(row(number=77, first="f"), *FROM_TEN_PARTS))
    assert {part: after[part] for part in before} == before


def test_a_row_that_will_be_refused_is_stamped_with_its_place():
    broken = row(number=3, first="3", crotch="1_1_1")
    before = stamps(table(row(first="a"), broken))
    after = stamps(table(row(first="a"), row(number=2, first="b"), broken))
    assert before[3] != after[3]


def test_how_a_table_is_written_is_no_change():
    data = table(*FROM_TEN_PARTS)
    assert stamps(data) == stamps(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")[:-2])


def test_a_table_that_changed_after_it_was_arranged_is_not_decoded():
    files = {"train.csv": table(row(), row(number=2))}
    members = FASHIONAI.arrange(listing(files), None, files.__getitem__).members
    for changed in (table(row()), table(row(), row(number=2, hemline_left="1_1_1"))):
        with pytest.raises(InputError, match=r"train.csv changed while it was ingested"):
            FASHIONAI.decode(part_input(members, {"train.csv": changed}))


def test_an_unreadable_table_stops_the_part_instead_of_emptying_it():
    files = {"train.csv": table(row())}
    members = FASHIONAI.arrange(listing(files), None, files.__getitem__).members
    part = part_input(members, files)
    gone = Document("train.csv", None, "unreadable", "it is not there any more")
    with pytest.raises(InputError, match="cannot be read: it is not there any more"):
        FASHIONAI.decode(type(part)(part.split, members, [gone], part.pictures))


def test_answers_annotate_and_what_they_lost_stays_on_the_list():
    lost = image_id("skirt", 2)
    source = decode(
        {"r1_test_a/test.csv": listed(image_id("skirt", 1), lost), ANSWERS: table(row())}
    )
    first, second = source.images
    assert (first["annotated"], first["document"]) == (True, ANSWERS)
    assert len(first["items"][0]["landmarks"]) == 4
    assert (second["file_name"], second["annotated"]) == (lost, False)
    assert second["items"][0]["category_name"] == "skirt"
    assert second["items"][0]["landmarks"] == []
    assert source.rules == []
    assert source.documents_read == 2


def test_an_annotation_goes_before_a_list_whose_name_sorts_first():
    files = {"test_a.csv": listed(image_id("skirt", 1)), "zz_answer_a.csv": table(row())}
    source = decode(files)
    (image,) = source.images
    assert (image["annotated"], image["document"]) == (True, "zz_answer_a.csv")
    assert source.rejections == []


def test_an_image_whose_answer_is_refused_does_not_come_back_by_its_list():
    files = {
        "r1_test_a/test.csv": listed(image_id("skirt", 1)),
        ANSWERS: table(row(hemline_left="?")),
        f"r1_test_a/{image_id('skirt', 1)}": b"jpeg",
    }
    source = decode(files)
    assert (source.images, source.rules) == ([], ["bad_cell"])


def test_a_list_that_contradicts_the_answers_is_a_clash():
    files = {"r1_test_a/test.csv": listed(image_id("dress", 1)), ANSWERS: table(row("skirt", 1))}
    source = decode(files)
    (image,) = source.images
    assert image["items"][0]["category_name"] == "skirt"
    (rejection,) = source.rejections
    assert rejection["rule"] == "image_id_clash"
    assert rejection["message"] == (
        f"row 2: claims the same image with other content than row 2 of {ANSWERS}"
    )


def test_an_image_listed_twice_is_a_duplicate():
    source = decode({"test.csv": listed(image_id("skirt", 1), image_id("skirt", 1))})
    assert (len(source.images), source.rules) == (1, ["exact_duplicate"])


def test_the_same_rows_in_a_second_table_of_the_set_are_duplicates():
    files = {"a/answer_a.csv": table(row(), row(number=2)), "b/answer_a.csv": table(row())}
    source = decode(files)
    assert [(rejection["file_name"], rejection["message"]) for rejection in source.rejections] == [
        ("b/answer_a.csv", "row 2: repeats row 2 of a/answer_a.csv")
    ]


def test_an_image_in_two_sets_is_in_both():
    files = {"train/Annotations/train.csv": table(row()), ANSWERS: table(row())}
    source = decode(files)
    assert [image["split"] for image in source.images] == ["test_a", "train"]
    assert source.rejections == []


def test_split_takes_one_set_of_several():
    files = {
        "train/Annotations/train.csv": table(row()),
        f"train/{image_id('skirt', 1)}": b"jpeg",
        ANSWERS: table(row()),
        f"r1_test_a/{image_id('skirt', 1)}": b"jpeg",
    }
    source = decode(files, "test_a")
    assert [image["split"] for image in source.images] == ["test_a"]
    assert source.arranged.ignored == (
        "train/Annotations/train.csv",
        f"train/{image_id('skirt', 1)}",
    )
    with pytest.raises(InputError, match="no split 'warm_up', but several others: test_a, train"):
        decode(files, "warm_up")

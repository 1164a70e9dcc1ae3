"""Files under Images/: which image they are, and what becomes of those that are none."""

from decoded_sources import decode_source
from fashionai_rows import image_id, row, stem, table

from flows.decode.fashionai import FASHIONAI

TABLE = "train/Annotations/train.csv"
FIRST, SECOND = image_id("skirt", 1), image_id("skirt", 2)


def decode(files, split=None):
    return decode_source(FASHIONAI, files, split)


def test_a_picture_gives_its_row_width_height_and_size():
    (image,) = decode({TABLE: table(row()), f"train/{FIRST}": b"12345"}).images
    assert (image["width"], image["height"], image["byte_size"]) == (512, 384, 5)
    assert (image["format"], image["image_status"]) == ("jpeg", "ok")


def test_a_picture_without_a_row_is_an_image_without_item():
    source = decode({TABLE: table(row()), f"train/{SECOND}": b"jpeg"})
    first, second = source.images
    assert (first["image_status"], second["image_status"]) == ("missing", "ok")
    assert (second["file_name"], second["annotated"], second["items"]) == (SECOND, False, [])
    assert second["document"] is None
    assert (source.documents_read, source.items_read) == (2, 1)


def test_a_part_may_consist_of_pictures_alone():
    source = decode({TABLE: table(row()), f"train/{image_id('skirt', 5, 'f')}": b"jpeg"})
    assert [image["annotated"] for image in source.images] == [True, False]


def test_a_file_that_is_no_hash_is_refused_under_its_own_name():
    files = {TABLE: table(row()), "train/Images/skirt/front.jpg": b"", "train/x.png": b""}
    source = decode(files)
    (rejection,) = source.rejections
    assert rejection["rule"] == "unexpected_file_name"
    assert rejection["file_name"] == "train/Images/skirt/front.jpg"
    assert source.arranged.ignored == ("train/x.png",)


def test_a_picture_in_another_folder_than_its_row_says_is_a_clash():
    elsewhere = FIRST.replace("Images/skirt", "Images/dress")
    source = decode({TABLE: table(row()), f"train/{elsewhere}": b"", f"train/{FIRST}": b"12345"})
    (image,) = source.images
    assert image["byte_size"] == 5
    (rejection,) = source.rejections
    assert (rejection["rule"], rejection["message"]) == ("image_id_clash", f"the image is {FIRST}")
    alone = decode({TABLE: table(row()), f"train/{elsewhere}": b""})
    assert alone.images[0]["image_status"] == "missing"
    assert alone.rules == ["image_id_clash"]


def test_two_pictures_of_one_image_that_no_row_names_are_told_apart():
    names = ["train/Images/dress/", "train/Images/skirt/"]
    files = {name + stem(9) + ".jpg": b"" for name in names}
    source = decode({TABLE: table(row()), **files})
    assert source.images[1]["file_name"] == f"Images/dress/{stem(9)}.jpg"
    assert source.rules == ["image_id_clash"]


def test_the_picture_of_a_refused_row_goes_with_it():
    source = decode({TABLE: table(row(crotch="1_1_1")), f"train/{FIRST}": b"jpeg"})
    assert (source.images, source.rules, source.documents_read) == ([], ["bad_cell"], 1)


def test_sets_that_share_a_folder_each_take_their_own_pictures():
    files = {
        TABLE: table(row()),
        "train/Annotations/annotations.csv": table(row(number=2)),
        f"train/{FIRST}": b"1",
        f"train/{SECOND}": b"22",
        f"train/{image_id('skirt', 3)}": b"333",
    }
    source = decode(files)
    sizes = [(image["split"], image["byte_size"]) for image in source.images]
    assert sizes == [("train", 1), ("train", 3), ("warm_up", 2)]
    only = decode(files, "train")
    assert [image["byte_size"] for image in only.images] == [1, 3]


def test_a_picture_that_two_sets_name_belongs_to_both():
    files = {
        "train.csv": table(row()),
        "annotations.csv": table(row()),
        FIRST: b"12345",
    }
    assert [image["byte_size"] for image in decode(files).images] == [5, 5]


def test_the_arrangement_knows_where_pictures_lie():
    inside = decode({"train.csv": table(row()), FIRST: b""}).arranged
    assert inside.pictures == {"train": "{file_name}"}
    above = decode({"old/train/Annotations/train.csv": table(row())}).arranged
    assert above.pictures == {"train": "old/train/{file_name}"}


def test_what_archivers_leave_behind_is_no_picture():
    files = {
        TABLE: table(row()),
        "__MACOSX/train/Images/skirt/x.jpg": b"",
        "train/Images/skirt/.DS_Store": b"",
        "train/Images/skirt/Thumbs.db": b"",
        f"train/{FIRST}": b"1",
    }
    source = decode(files)
    assert source.rejections == []
    assert len(source.arranged.ignored) == 3

"""Accepted documents come back equal; what is rejected, and what stays of an image."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from builders import decoded, decoded_documents, members, never_read, raw_document, raw_item
from deepfashion2_rows import documents_of

from flows.decode.decoder import PartInput
from flows.decode.deepfashion2 import DEEPFASHION2, decode
from flows.flatten import flatten
from flows.validate import validate_items
from schemas.rejections import REJECTIONS
from schemas.source import PICTURE_FACTS, Document

CASES = Path(__file__).parents[1] / "cases" / "deepfashion2"
ACCEPTED = sorted((CASES / "accepted").glob("*.json"))


def decoded_and_validated(*documents: bytes) -> tuple[pa.RecordBatch, list[dict]]:
    read = decoded_documents(*documents)
    accepted, refused = validate_items(read.annotations)
    rejections = pa.Table.from_batches([read.rejections, refused]).to_pylist()
    assert (
        read.documents_read
        == len(documents)
        == len(accepted) + sum(row["item_no"] is None for row in rejections)
    )
    kept = sum(len(items) for items in accepted["items"].to_pylist())
    assert read.items_read == kept + sum(row["item_no"] is not None for row in rejections)
    return accepted, rejections


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.stem)
def test_an_accepted_document_comes_back_equal(case):
    accepted, rejections = decoded_and_validated(case.read_bytes())
    assert rejections == []
    assert documents_of(flatten(accepted)) == {1: json.loads(case.read_bytes())}


def test_the_older_spelling_of_a_key_is_refused_with_the_documented_one():
    item = raw_item(zoom_in=None) | {"zoom-in": 1}
    _, (row,) = decoded_and_validated(raw_document(item))
    assert row["rule"] == "unknown_key"
    assert "`zoom-in`" in row["message"] and "documented key is `zoom_in`" in row["message"]
    _, (other,) = decoded_and_validated(raw_document(raw_item() | {"colour": 1}))
    assert "documented key" not in other["message"]


def test_a_broken_item_leaves_the_others_of_its_document():
    accepted, rejections = decoded_and_validated(
        raw_document(raw_item(scale=9), raw_item(), raw_item(bounding_box=[9, 9, 1, 1]))
    )
    assert [row["rule"] for row in rejections] == ["unknown_code", "inverted_box"]
    (items,) = accepted["items"].to_pylist()
    assert [(item["item_no"], item["document_order"]) for item in items] == [(2, 2)]


def test_the_excerpt_is_the_text_that_stood_there():
    _, (row,) = decoded_and_validated(
        raw_document(raw_item(segmentation=[[1, 2.50, "x", 4, 5, 6]]))
    )
    assert row["excerpt"] == '"x"'


def test_what_storage_could_not_read_is_refused_for_its_reason():
    gone = Document("train/annos/000002.json", None, "changed_while_read", "vanished")
    read = decoded(
        {"train/annos/000001.json": raw_document(raw_item()), gone.name: gone},
        pictures={"train/image/000002.jpg": {}},
    )
    assert read.annotations["image_id"].to_pylist() == [1]
    (row,) = read.rejections.to_pylist()
    assert (row["rule"], row["message"], row["image_id"]) == ("changed_while_read", "vanished", 2)
    assert read.documents_read == 2


def test_images_have_rows_whether_they_have_a_document_or_a_picture_or_both():
    read = decoded(
        {"train/annos/000002.json": raw_document(), "train/annos/000003.json": raw_document()},
        pictures={
            "train/image/000001.jpg": {"width": 4, "height": 5},
            "train/image/000003.PNG": {},
        },
    )
    rows = read.annotations.to_pylist()
    columns = [
        (row["file_name"], row["annotated"], row["image_status"], row["width"]) for row in rows
    ]
    assert columns == [
        ("000001.jpg", False, "ok", 4),
        ("000002.jpg", True, "missing", None),
        ("000003.PNG", True, "ok", None),
    ]
    assert [row["document"] for row in rows] == [
        None,
        "train/annos/000002.json",
        "train/annos/000003.json",
    ]
    assert rows[0]["items"] == []


def test_strange_names_and_second_files_are_refused_and_counted():
    read = decoded(
        {
            "train/annos/000001.json": raw_document(pair_id=5),
            "train/annos/1.json": raw_document(pair_id=6),
            "train/annos/notes.txt": b"",
        }
    )
    rules = {row["file_name"]: row["rule"] for row in read.rejections.to_pylist()}
    assert rules == {
        "train/annos/1.json": "image_id_clash",
        "train/annos/notes.txt": "unexpected_file_name",
    }
    assert read.annotations["pair_id"].to_pylist() == [5]
    assert read.documents_read == 3


def test_rows_are_sorted_by_number_whatever_the_order_of_names():
    read = decoded({f"train/annos/{n}.json": raw_document(pair_id=n) for n in (10, 9, 100)})
    assert read.annotations["image_id"].to_pylist() == [9, 10, 100]
    assert read.annotations["pair_id"].to_pylist() == [9, 10, 100]


def test_a_part_without_anything_is_an_empty_batch():
    read = decoded({"train/annos/x": b""})
    assert len(read.annotations) == 0
    assert read.rejections.schema.equals(REJECTIONS.schema)
    assert {len(rows) for rows in flatten(validate_items(read.annotations)[0]).values()} == {0}


def test_documents_that_come_in_another_order_are_a_bug_and_not_data():
    part = PartInput("train", arranged_two(), [Document("train/annos/2.json", b"{}")] * 2, facts())
    with pytest.raises(ValueError, match="out of order"):
        decode(part)


def test_facts_about_other_pictures_are_a_bug_and_not_data():
    pictures = DEEPFASHION2.arrange(members("train/image/1.jpg"), None, never_read).members
    with pytest.raises(ValueError, match="out of order"):
        decode(PartInput("train", pictures, [], facts()))


def arranged_two() -> pa.Table:
    listing = members("train/annos/1.json", "train/annos/2.json")
    return DEEPFASHION2.arrange(listing, None, never_read).members


def facts() -> pa.Table:
    return PICTURE_FACTS.empty_table()

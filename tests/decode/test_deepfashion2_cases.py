"""Accepted documents come back equal; what is rejected, and what stays of an image."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from builders import raw_document, raw_item
from decoded_sources import Source, arrange, decode_documents, decode_source
from deepfashion2_rows import documents_of

from flows.decode.decoder import PartInput
from flows.decode.deepfashion2 import DEEPFASHION2, decode
from flows.flatten import flatten
from flows.validate import validate_items
from schemas.rejections import REJECTIONS
from schemas.source import PICTURE_FACTS, Document

CASES = Path(__file__).parents[1] / "cases" / "deepfashion2"
ACCEPTED = sorted((CASES / "accepted").glob("*.json"))


def decoded(files: dict[str, bytes | Document]) -> Source:
    return decode_source(DEEPFASHION2, files)


def decoded_and_validated(*documents: bytes) -> tuple[pa.RecordBatch, list[dict]]:
    read = decode_documents(*documents)
    accepted, refused = validate_items(read.annotations)
    return accepted, [*read.rejections.to_pylist(), *refused.to_pylist()]


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
    unread = Document("train/annos/000002.json", None, "changed_while_read", "vanished")
    picture = {"train/image/000002.jpg": b""}
    source = decoded(
        {"train/annos/000001.json": raw_document(raw_item()), unread.name: unread} | picture
    )
    assert [image["image_id"] for image in source.images] == [1]
    (row,) = source.rejections
    assert (row["rule"], row["message"], row["image_id"]) == ("changed_while_read", "vanished", 2)
    assert source.documents_read == 2


def test_images_have_rows_whether_they_have_a_document_or_a_picture_or_both():
    documents = [f"train/annos/00000{number}.json" for number in (2, 3)]
    pictures = ["train/image/000001.jpg", "train/image/000003.PNG"]
    source = decoded(dict.fromkeys(documents, raw_document()) | dict.fromkeys(pictures, b""))
    columns = ("file_name", "document", "annotated", "image_status", "width")
    assert [tuple(row[column] for column in columns) for row in source.images] == [
        ("000001.jpg", None, False, "ok", 512),
        ("000002.jpg", documents[0], True, "missing", None),
        ("000003.PNG", documents[1], True, "ok", 512),
    ]
    assert source.images[0]["items"] == []


def test_strange_names_and_second_files_are_refused_and_counted():
    source = decoded(
        {
            "train/annos/000001.json": raw_document(pair_id=5),
            "train/annos/1.json": raw_document(pair_id=6),
            "train/annos/notes.txt": b"",
        }
    )
    assert {row["file_name"]: row["rule"] for row in source.rejections} == {
        "train/annos/1.json": "image_id_clash",
        "train/annos/notes.txt": "unexpected_file_name",
    }
    assert [image["pair_id"] for image in source.images] == [5]
    assert source.documents_read == 3


def test_rows_are_sorted_by_number_whatever_the_order_of_names():
    source = decoded({f"train/annos/{n}.json": raw_document(pair_id=n) for n in (10, 9, 100)})
    numbers = [(image["image_id"], image["pair_id"]) for image in source.images]
    assert numbers == [(9, 9), (10, 10), (100, 100)]


def test_a_part_without_anything_is_an_empty_batch():
    (part,) = decoded({"train/annos/x": b""}).parts
    assert len(part.annotations) == 0
    assert part.rejections.schema.equals(REJECTIONS.schema)
    assert {len(rows) for rows in flatten(validate_items(part.annotations)[0]).values()} == {0}


@pytest.mark.parametrize(
    ("names", "documents"),
    [
        (["train/annos/1.json", "train/annos/2.json"], [Document("train/annos/2.json", b"{}")] * 2),
        (["train/image/1.jpg"], []),
    ],
)
def test_documents_and_facts_in_another_order_are_a_bug_and_not_data(names, documents):
    members = arrange(DEEPFASHION2, *names).members
    with pytest.raises(ValueError, match="out of order"):
        decode(PartInput("train", members, documents, PICTURE_FACTS.empty_table()))

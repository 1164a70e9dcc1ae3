"""The authors' lists and picture records next to the annotations."""

import json
from collections import Counter

import pytest
from builders import raw_document
from decoded_sources import decode_source
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.decode.batch import Reason
from flows.decode.deepfashion2 import DEEPFASHION2
from flows.decode.deepfashion2.lists import read_list, read_pictures, split_of
from schemas import TABLES

QUERY = {"query_image_id": 7, "style": 1, "cls": 9, "pair_id": 3, "bbox": [1, 2, 30, 40]}
ENTRY = {"gallery_image_id": 8, "style": 0, "pair_id": 3, "bbox": [1, 2, 30, 40]}
RECORD = {
    "coco_url": "", "date_captured": "", "file_name": "000001.jpg", "flickr_url": "",
    "id": 1, "license": 0, "width": 468, "height": 624,
}  # fmt: skip


def records(*changes: dict, whole: dict | None = None) -> bytes:
    return json.dumps({"images": [RECORD | change for change in changes]} | (whole or {})).encode()


def decoded(files: dict[str, bytes], part: int = 0):
    """A part of a source with those files."""
    return decode_source(DEEPFASHION2, files).parts[part]


def test_lists_become_tables_beside_the_annotations():
    read = decoded(
        {
            "validation/annos/000007.json": raw_document(),
            "val_query.json": json.dumps([QUERY, QUERY | {"cls": 2}]).encode(),
            "val_gallery.json": json.dumps([ENTRY]).encode(),
            "list_query.txt": b"000007.json\n\n000009.json\n",
        }
    )
    queries, gallery = (
        read.tables[name].to_pylist() for name in ("listed_queries", "listed_gallery")
    )
    assert [(row["list_file"], row["list_no"], row["image_id"]) for row in queries] == [
        ("list_query.txt", 1, 7),
        ("list_query.txt", 3, 9),
        ("val_query.json", 1, 7),
        ("val_query.json", 2, 7),
    ]
    assert [row["category_id"] for row in queries] == [None, None, 9, 2]
    assert (queries[0]["x1"], queries[2]["x2"], queries[2]["style"]) == (None, 30, 1)
    assert (gallery[0]["image_id"], gallery[0]["pair_id"], gallery[0]["style"]) == (8, 3, 0)
    for name, batch in read.tables.items():
        assert batch.schema.equals(TABLES[name].schema, check_metadata=True)
    assert {row["split"] for row in queries} == {"validation"}
    assert read.documents_read == 1


def test_a_broken_record_is_refused_by_its_place_and_the_others_stay():
    text = json.dumps(
        [QUERY, QUERY | {"style": "x"}, QUERY | {"bbox": [1, 2, 3]}, QUERY | {"bbox": [9, 0, 1, 0]},
         QUERY | {"more": 1}, {"style": 1}, QUERY | {"bbox": [0, 0, 1, 1e7]},
         QUERY | {"bbox": [-1e7, 0, 1, 1]}, QUERY]
    ).replace('"pair_id": 3', '"pair_id": 3, "pair_id": 3', 1)  # fmt: skip
    read = decoded(
        {"validation/annos/000007.json": raw_document(), "val_query.json": text.encode()}
    )
    assert read.tables["listed_queries"]["list_no"].to_pylist() == [9]
    rows = read.rejections.to_pylist()
    assert [(row["rule"], row["message"].split(":")[0]) for row in rows] == [
        ("duplicate_key", "`$[0].pair_id`"),
        ("wrong_type", "`$[1].style`"),
        ("wrong_type", "`$[2].bbox`"),
        ("inverted_box", "`$[3].bbox`"),
        ("unknown_key", "`$[4].more`"),
        ("missing_key", "`$[5]`"),
        ("wrong_type", "`$[6].bbox[3]`"),
        ("wrong_type", "`$[7].bbox[0]`"),
    ]
    assert {row["file_name"] for row in rows} == {"val_query.json"}
    assert read.documents_read == 1 + len(rows)


@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("val_query.json", b"[", "not_json"),
        ("val_query.json", b'{"a": 1}', "wrong_type"),
        ("val_gallery.json", b"\xff", "not_json"),
        ("list_query.txt", b"000001.json\nREADME\n", "unexpected_file_name"),
        ("keypoints_val_information.json", b"[]", "wrong_type"),
        ("keypoints_val_information.json", b"{}", "missing_key"),
        ("keypoints_val_information.json", b'{"images": 1}', "wrong_type"),
        ("keypoints_val_information.json", b'{"images": [], "images": []}', "duplicate_key"),
        ("keypoints_val_information.json", b'{"images": ' + b"[" * 5000, "not_json"),
        ("val_query.json", b"[" * 300 + b"]" * 300, "not_json"),
    ],
)
def test_a_broken_side_file_is_one_rejection(name, data, rule):
    read = decoded({"validation/annos/000001.json": raw_document(), name: data})
    (row,) = read.rejections.to_pylist()
    assert (row["file_name"], row["rule"], row["image_id"]) == (name, rule, None)
    assert len(read.annotations) == 1


def test_records_fill_in_what_a_missing_picture_would_have_told():
    read = decoded(
        {
            "validation/annos/000001.json": raw_document(),
            "validation/annos/000002.json": raw_document(),
            "keypoints_val_information.json": records(
                {}, {"id": 2, "file_name": "2.jpg"}, {"id": 3}, {"id": 1, "width": 5}
            ),
            "validation/image/000002.jpg": b"",
        }
    )
    rows = read.annotations.to_pylist()
    columns = [(row["file_name"], row["width"], row["height"], row["image_status"]) for row in rows]
    assert columns == [("000001.jpg", 468, 624, "missing"), ("000002.jpg", 512, 384, "ok")]


def test_other_parts_than_the_first_leave_a_files_faults_alone():
    text = records({"id": 4097, "file_name": "004097.jpg"}, {"width": "wide"}, {"id": 1})
    read = decoded(
        {
            "validation/annos/004097.json": raw_document(),
            "validation/annos/000001.json": raw_document(),
            "keypoints_val_information.json": text,
        },
        part=1,
    )
    assert len(read.rejections) == 0
    assert read.annotations["width"].to_pylist() == [468]


def test_records_may_carry_other_keys_but_not_one_twice():
    outcomes = list(read_pictures(records({"extra": {"images": []}}, whole={"info": {}})))
    assert [(place, record.width) for place, record in outcomes] == [(1, 468)]
    twice = records({}).replace(b'"width": 468', b'"width": 468, "width": 1')
    ((_, refusal),) = read_pictures(twice)
    assert (refusal.rule, refusal.message) == (
        "duplicate_key",
        "`$.images[0].width`: occurs twice",
    )


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("list_query.txt", "validation"), ("gallery_gt.json", "validation"),
        ("json_for_validation/val_query.json", "validation"), ("train_gallery.json", "train"),
        ("keypoints_test_information.json", "test"), ("test/query_gt.json", "validation"),
        ("retrieval_val_consumer_information.json", "validation"),
    ],
)  # fmt: skip
def test_the_name_of_a_side_file_says_its_split(name, split):
    assert split_of(name) == split


@settings(deadline=None)
@given(st.sampled_from(["list_query.txt", "val_query.json", "val_gallery.json"]), st.binary())
def test_no_bytes_stop_a_list(name, data):
    table, _, refused = read_list(name, data)
    assert table in TABLES
    assert all(isinstance(reason, Reason) for reason in refused)


@settings(deadline=None)
@given(st.data())
def test_cut_and_stained_lists_lose_nothing_unsaid(data):
    text = bytearray(json.dumps([ENTRY] * 3).encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))
    _, rows, refused = read_list("val_gallery.json", bytes(text))
    assert len(rows) + len(refused) == 3 or [reason.rule for reason in refused] in (
        ["not_json"],
        ["wrong_type"],
    )


@pytest.mark.slow
def test_the_january_2019_lists_are_read_whole(real_data):
    folder = real_data / "deepfashion2" / "retrieval_val_2019_01"
    read = {path.name: read_list(path.name, path.read_bytes()) for path in folder.iterdir()}
    assert not any(refused for _, _, refused in read.values())
    rows = {name: rows for name, (_, rows, _) in read.items()}
    assert {name: len(list_rows) for name, list_rows in rows.items()} == {
        "query_gt.json": 15_752,
        "gallery_gt.json": 24_012,
        "list_query.txt": 10_990,
        "list_gallery.txt": 21_438,
    }
    queries = [row for row in rows["query_gt.json"] if row["style"] > 0]
    assert len(queries) == 12_550
    assert len({row["image_id"] for row in rows["query_gt.json"]}) == 10_990
    classes = Counter(row["category_id"] for row in rows["query_gt.json"])
    assert [classes[number] for number in range(1, 14)] == [
        3622, 2108, 38, 628, 716, 163, 806, 2047, 2363, 1067, 528, 1248, 418,
    ]  # fmt: skip

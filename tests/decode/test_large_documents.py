"""Documents, lists and tables of a size that no source has: a reason, in bounded memory."""

import json

import pytest
from builders import raw_document, raw_item
from decoded_sources import decode_documents, decode_source
from fashionai_rows import HEADER, listed, stem
from memory import peak_in_a_process

from flows.decode import deepfashion2
from flows.decode.deepfashion2 import DEEPFASHION2
from flows.decode.deepfashion2 import lists as deepfashion2_lists
from flows.decode.deepfashion2.documents import MAX_VALUES
from flows.decode.fashionai import FASHIONAI
from flows.decode.fashionai import layout as fashionai_layout
from flows.decode.fashionai import rows as fashionai_rows
from flows.decode.strict_json import too_deep
from schemas.errors import InputError

SOUND = {"validation/annos/000001.json": raw_document()}


def rejection_of(files: dict[str, bytes]) -> dict:
    """The only rejection of a validation split with these files; its document is not lost."""
    source = decode_source(DEEPFASHION2, SOUND | files)
    (rejection,) = source.rejections
    assert source.documents_read == len(source.images) + 1
    return rejection


READ = """
from flows.decode.deepfashion2.documents import read_document
size = 5_000_000
texts = list(map(str.encode, sys.argv[1:]))
read_document(b"{}")
# measured
for begin, text, end in zip(texts[::3], texts[1::3], texts[2::3]):
    read_document(b"".join((begin, text * (size // len(text)), end)))
"""
SOURCE = '{"source":"', '","pair_id":1}'


DOCUMENTS = [
    ("[" * 80 + '"', "x", '"' + "]" * 80),
    ("[" * 80 + '"', '\\"', '"' + "]" * 80),
    ("[" * 80, '""', "]" * 80),
    (SOURCE[0], "x", SOURCE[1]),
    (SOURCE[0] + "\U0001f600", "x", SOURCE[1]),
    (SOURCE[0], "\\n", SOURCE[1]),
    ('{"', "\\n", '":1}'),
    ('{"source":"user","pair_id":1,"', "k", '":1}'),
    ('{"source":"user","pair_id":', "9", "}"),
    ('{"source":"user","pair_id":1,"item1":{"segmentation":[[', "0,", "0]]}}"),
    ('{"source":"user","pair_id":1,"item1":{"segmentation":[', "[],", "[]]}}"),
    ('{"source":"user","pair_id":1,"item1":{"', " - at `$", '":1}}'),
]


@pytest.mark.slow
def test_no_pass_over_a_document_takes_more_than_ten_times_its_size():
    # The peak of one process that reads all of them is the largest peak; each is 5 MB long.
    texts = [text for document in DOCUMENTS for text in document]
    assert peak_in_a_process(READ, *texts) < 10 * 5_000_000 + 5_000_000


def test_brackets_within_strings_do_not_nest():
    for string in (b"[" * 70, b'\\"' + b"[" * 70, b"\\\\\\\\" + b"{" * 70, b'\\\\\\"' + b"[" * 70):
        document = b'{"a": "' + string + b'", "b": []}'
        json.loads(document)
        assert too_deep(document) is None
    for before in (b'"\\\\"', b'"\\\\\\""', b'"["'):
        assert too_deep(b"[" + before + b"," + b"[" * 64 + b"]" * 65)


def test_a_document_with_more_values_than_any_has_is_too_large():
    many = raw_document(raw_item(segmentation=[[1] * (MAX_VALUES + 1)]))
    fewer = raw_document(raw_item(segmentation=[[1] * (MAX_VALUES - 500)]))
    read = decode_documents(many, fewer)
    (row,) = read.rejections.to_pylist()
    assert (row["rule"], row["image_id"]) == ("too_large", 1)
    assert read.annotations["image_id"].to_pylist() == [2]


def test_documents_that_do_not_fit_into_their_part_are_too_large(monkeypatch):
    monkeypatch.setattr(deepfashion2, "MAX_PART_BYTES", 10_000)
    large, small = raw_document(raw_item(segmentation=[[1] * 1_000])), raw_document()
    read = decode_documents(large, large, small)
    (row,) = read.rejections.to_pylist()
    assert (row["rule"], row["image_id"]) == ("too_large", 2)
    assert read.annotations["image_id"].to_pylist() == [1, 3]
    assert read.documents_read == 3


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("list_query.txt", b"000001.json\n" * 101),
        ("val_gallery.json", b"[" + b"{}," * 100 + b"{}]"),
        ("keypoints_val_information.json", b'{"images": [' + b"{}," * 100 + b"{}]}"),
        ("val_query.json", b"[" + b"1," * 1_000 + b"1]"),
    ],
)
def test_a_list_with_more_records_than_any_has_is_one_rejection(name, data, monkeypatch):
    monkeypatch.setattr(deepfashion2_lists, "MAX_RECORDS", 100)
    monkeypatch.setattr(deepfashion2_lists, "MAX_VALUES", 1_000)
    row = rejection_of({name: data})
    assert (row["rule"], row["file_name"]) == ("too_large", name)


@pytest.mark.parametrize("list_name", ["list_query.txt", "keypoints_val_information.json"])
def test_a_list_whose_rows_do_not_fit_is_one_rejection(list_name, monkeypatch):
    monkeypatch.setattr(deepfashion2, "MAX_PART_BYTES", 10_000)
    data = {"list_query.txt": b"x\n" * 200}.get(list_name, b'{"images": [' + b"1," * 99 + b"1]}")
    assert rejection_of({list_name: data})["rule"] == "too_large"


@pytest.mark.parametrize(
    "name", ["../a.jpg", "/etc/passwd", "a/b.jpg", "..", ".", "", "a\\b", "a\n.jpg", "x" * 256]
)
def test_a_recorded_file_name_that_leads_away_is_refused(name):
    records = [
        {"id": number, "file_name": file_name, "width": 9, "height": 9}
        for number, file_name in ((1, name), (2, "000002.png"))
    ]
    files = {f"validation/annos/{number:06}.json": raw_document() for number in (1, 2)}
    side = {"keypoints_val_information.json": json.dumps({"images": records}).encode()}
    source = decode_source(DEEPFASHION2, files | side)
    (row,) = source.rejections
    assert row["rule"] == "unexpected_file_name"
    assert row["message"].startswith("`$.images[0].file_name`: ")
    images = [(image["file_name"], image["width"]) for image in source.images]
    assert images == [("000001.jpg", None), ("000002.png", 9)]


def test_a_table_with_more_lines_or_cells_than_any_has_is_one_sentence(monkeypatch):
    monkeypatch.setattr(fashionai_rows, "MAX_ROWS", 100)
    monkeypatch.setattr(fashionai_rows, "MAX_COMMAS", 1_000)
    for body, words in ((b",\n" * 200, "has 201 lines, more than"), (b"," * 2_000, "commas, more")):
        with pytest.raises(InputError, match=words):
            decode_source(FASHIONAI, {"train.csv": HEADER.encode() + b"\n" + body})


def test_all_tables_of_a_source_count_together(monkeypatch):
    monkeypatch.setattr(fashionai_layout, "MAX_ROWS", 5)
    names = [f"Images/skirt/{stem(number)}.jpg" for number in range(3)]
    files = {f"{folder}/test.csv": listed(*names) for folder in ("r1_test_a", "r1_test_b")}
    with pytest.raises(
        InputError, match=r"up to r1_test_b/test\.csv have 6 rows, more than the limit of 5"
    ):
        decode_source(FASHIONAI, files)


def test_braces_in_the_name_of_a_folder_mean_nothing():
    files = {
        "{0}/train.csv": listed(f"Images/skirt/{stem(1)}.jpg"),
        f"{{0}}/Images/skirt/{stem(1)}.jpg": b"",
    }
    source = decode_source(FASHIONAI, files)
    (image,) = source.images
    member = source.arranged.pictures["train"].format(file_name=image["file_name"])
    assert member == f"{{0}}/Images/skirt/{stem(1)}.jpg"

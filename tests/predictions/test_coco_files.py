"""Broken and hostile files of COCO results: each gives a sentence; blocks end anywhere."""

import gzip
import json

import pytest
from coco_results import IMAGES, box, refusal, skirt, table, written
from memory import peak_in_a_process

from flows.predictions import json_blocks, read_boxes
from schemas.errors import InputError

READ = """
import pyarrow as pa
from pathlib import Path
from flows.predictions import read_landmarks
images = pa.table({"image_id": [1], "width": [30], "height": [20]})
# measured
assert sum(len(rows) for rows in read_landmarks([Path(sys.argv[1])], images)) == 15_000
"""
RECORD = json.dumps(box()).encode()
PAIR = b"[" + RECORD + b"," + RECORD
NOT_A_LIST = "row 1: expected a list of records, not "

FILES = {
    "empty": (b"", "the file is empty: expected a list of records."),
    "an_object": (b'{"annotations": []}', NOT_A_LIST + "'{\"annotations\": []}'."),
    "an_object_that_ends_early": (b'{"annotations": [', NOT_A_LIST + "'{\"annotations\": ['."),
    "text": (b"image_id,score\n", NOT_A_LIST + "'image_id,score'."),
    "compressed": (gzip.compress(RECORD, mtime=0), NOT_A_LIST + "a compressed file."),
    "utf_16": ("[]".encode("utf-16"), NOT_A_LIST),
    "byte_order_mark": (b"\xef\xbb\xbf[]", NOT_A_LIST + "'\\ufeff[]'."),
    "the_list_does_not_end": (PAIR, "row 3: the list of records does not end."),
    "a_record_does_not_end": (PAIR[:-9], "row 2: $: input data was truncated."),
    "a_comma_too_many": (PAIR + b",]", "row 3: $: JSON is malformed"),
    "two_commas": (b"[" + RECORD + b",," + RECORD + b"]", "row 2: $: JSON is malformed"),
    "no_comma": (b"[" + RECORD + RECORD + b"]", "row 2: expected a comma or the end of the list"),
    "a_list_after_the_list": (PAIR + b"][]", "row 3: expected a comma or the end of the list"),
    "a_list_too_many": (b"[[" + RECORD + b"]]", "row 1: $: expected `object`, got `array`."),
    "lines": (RECORD + b"\n" + RECORD, NOT_A_LIST),
    "numbers": (b"[1, 2]", "row 1: $: expected `object`, got `int`."),
    "null_in_the_list": (PAIR + b", null]", "row 3: $: expected `object`, got `null`."),
    "a_key_twice": (
        PAIR.replace(b'"score"', b'"score": 1, "score"') + b"]", "row 1: $.score: occurs twice.",
    ),
    "a_key_twice_spelt_differently": (
        PAIR + b"," + RECORD.replace(b'"score"', b'"score": 1, "sc\\u006fre"') + b"]",
        "row 3: $.score: occurs twice.",
    ),
    "latin_1": (PAIR + b', {"\xe4": 1}]', "row 3: $: is not UTF-8."),
    "latin_1_where_it_is_ignored": (
        PAIR.replace(b'"score"', b'"file_name": "\xe4", "score"') + b"]", "row 1: $: is not UTF-8.",
    ),
    "deep_nesting": (
        PAIR + b', {"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        "row 3: $: is nested too deeply.",
    ),
    "deep_nesting_of_objects": (PAIR + b"," + b'{"id":' * 100_000, "row 3: $: "),
    "a_long_number": (
        PAIR.replace(b"30", b"9" * 5000) + b"]", "row 1: $.bbox[2]: is not a finite number.",
    ),
    "zero_bytes": (PAIR + b"\0" * 100, "row 3: expected a comma or the end of the list"),
    "cut_parquet": (b"PAR1\0\0\0", "cannot be read as Parquet: "),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("block", [1, 50, 4 << 20])
def test_a_broken_file_is_refused(tmp_path, monkeypatch, name, block):
    monkeypatch.setattr(json_blocks, "BLOCK", block)
    content, sentence = FILES[name]
    assert refusal(tmp_path, content).startswith(sentence)


def test_a_record_without_end_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(json_blocks, "MAX_RECORD", 10_000)
    monkeypatch.setattr(json_blocks, "BLOCK", 1000)
    sentence = refusal(tmp_path, [box(), box(file_name="x" * 30_000)])
    assert sentence == "row 2: has more than 10,000 bytes."


def test_a_large_object_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(json_blocks, "MAX_RECORD", 1000)
    monkeypatch.setattr(json_blocks, "BLOCK", 20)
    sentence = refusal(tmp_path, {"images": list(range(500)), "annotations": []})
    assert sentence.startswith(NOT_A_LIST + '\'{"images": [0, 1, 2')


@pytest.mark.slow
def test_a_large_file_is_read_in_bounded_memory(tmp_path):
    record = json.dumps(skirt(keypoints=[1.5] * 882)).encode()
    path = written(tmp_path, b"[" + b",".join([record] * 15_000) + b"]")
    added = peak_in_a_process(READ, path)
    print(added)
    assert added < 60 << 20 < path.stat().st_size


def test_what_is_not_a_file_is_refused(tmp_path):
    for path, problem in ((tmp_path, "Is a directory"), (tmp_path / "no", "No such file")):
        with pytest.raises(InputError, match=f"{path} cannot be read: {problem}"):
            list(read_boxes([path], IMAGES))


def test_no_records_are_no_rows(tmp_path):
    assert list(read_boxes([written(tmp_path, b" [\n] \n")], IMAGES)) == []


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"separators": (",", ":")}])
def test_blocks_end_anywhere(tmp_path, monkeypatch, layout):
    """Brackets, quotes and backslashes within strings do not end a record."""
    names = ['},{"', "\\", '\\"', "]}", '\\\\"},{', "", "{[\n", '"', "\u00e9}"]
    records = [box(file_name=name, score=float(n), id={"}": n}) for n, name in enumerate(names)]
    path = written(tmp_path, json.dumps(records, **layout).encode())
    for block in (1, 2, 7, 100, 1 << 20):
        monkeypatch.setattr(json_blocks, "BLOCK", block)
        assert table(read_boxes([path], IMAGES))["score"].to_pylist() == list(range(len(names)))

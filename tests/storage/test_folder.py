"""A folder is listed and read: what was read is what was listed, or there is a reason."""

import os
import pickle
from pathlib import Path

import packing
import pyarrow as pa
import pytest

from flows.storage import (
    Listing,
    Location,
    folder_listing,
    list_members,
    read_heads,
    read_member,
    read_members,
)
from schemas.errors import InputError
from schemas.source import MEMBERS, Document

NAMES = ["train/annos/000001.json", "train/annos/000002.json", "train/image/000001.jpg"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {name: name.encode() * 10 for name in reversed(NAMES)}
    return packing.write_folder(tmp_path / "source", files)


def read(folder: Path, members: pa.Table) -> list[Document]:
    return list(read_members(Location.parse(folder), members))


def test_members_are_listed_by_name_with_size_and_time(folder):
    members = packing.listed(Location.parse(folder))
    assert members.schema == MEMBERS
    assert members["name"].to_pylist() == NAMES
    status = (folder / NAMES[0]).stat()
    row = {"name": NAMES[0], "size": status.st_size, "stamp": str(status.st_mtime_ns)}
    assert members.slice(0, 1).to_pylist() == [row]


def test_a_large_folder_is_listed_in_runs_each_sorted_by_name(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_listing, "CHUNK", 1)
    monkeypatch.setattr(folder_listing, "CHUNKS_OF_A_RUN", 2)
    listing = Listing(tmp_path / "listing", list_members(Location.parse(folder)))
    runs = [table["name"].to_pylist() for table in listing]
    assert [len(run) for run in runs] == [2, 1]
    assert all(run == sorted(run) for run in runs)
    assert sorted(name for run in runs for name in run) == NAMES
    assert listing.num_rows == 3


def test_members_are_read_whole_and_in_the_order_asked_for(folder):
    members = packing.listed(Location.parse(folder)).take([2, 0])
    names = (NAMES[2], NAMES[0])
    assert read(folder, members) == [Document(name, name.encode() * 10) for name in names]


def test_one_file_is_a_source_of_one_member(folder):
    location = Location.parse(folder / "train/annos/000001.json")
    (document,) = read_members(location, packing.listed(location))
    assert location.kind == "file"
    assert document == Document("000001.json", b"train/annos/000001.json" * 10)
    assert read_member(location, "000001.json") == document.data
    with pytest.raises(InputError, match="no member 000002"):
        read_member(location, "000002.json")


def test_an_empty_folder_lists_nothing(tmp_path):
    assert packing.listed(Location.parse(tmp_path)).num_rows == 0


@pytest.mark.parametrize(
    "text", ["", "  ", "s3://bucket/deepfashion2", "no/such/place", "a\0b", "x" * 300]
)
def test_what_is_no_source_is_refused_in_one_sentence(text):
    with pytest.raises(InputError, match=r"^[^\n]+\.$"):
        Location.parse(text)


def test_a_head_grows_until_the_probe_has_enough(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    (tmp_path / "small").write_bytes(b"x" * 100)
    seen = []

    def probe(head: bytes, whole: bool) -> int | None:
        seen.append((len(head), whole))
        return len(head) if whole else None

    location = Location.parse(tmp_path)
    assert list(read_heads(location, packing.listed(location), probe)) == [100_000, 100]
    assert seen == [
        *((1_024, False), (4_096, False), (65_536, False), (100_000, True)),
        (100, True),
    ]


def test_a_file_too_large_to_hold_is_a_reason(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate((1 << 30) + 1)
    (document,) = packing.documents(tmp_path).values()
    assert document.rule == "too_large"
    assert "1,073,741,825 bytes" in document.message


def test_a_location_travels_to_other_processes_without_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", "shops and users")
    (tmp_path / "train.zip").write_bytes(b"")
    location = Location.parse(tmp_path)
    sent = pickle.dumps(location)
    assert pickle.loads(sent) == location
    assert b"shops" not in sent


def test_a_file_rewritten_after_the_listing_is_refused(folder):
    members = packing.listed(Location.parse(folder))
    (folder / "train/annos/000001.json").write_bytes(b"longer than it was" * 50)
    os.utime(folder / "train/annos/000002.json", ns=(1, 1))
    (folder / "train/image/000001.jpg").unlink()
    (folder / "train/image/000002.jpg").touch()
    assert [(document.data, document.rule) for document in read(folder, members)] == [
        (None, "changed_while_read")
    ] * 3


def test_side_files_are_listed_and_read_among_the_members(tmp_path):
    source = packing.write_folder(tmp_path / "source", {"train/a.json": b"a", "z.txt": b"z"})
    side = (
        packing.write_folder(tmp_path / "elsewhere", {"val_query.json": b"[]"}) / "val_query.json"
    )
    location = Location.parse(source, side_files=[side])
    members = packing.listed(location)
    assert members["name"].to_pylist() == ["side-files/val_query.json", "train/a.json", "z.txt"]
    assert [document.data for document in read_members(location, members)] == [b"[]", b"a", b"z"]
    assert read_member(location, "side-files/val_query.json") == b"[]"
    side.write_bytes(b"[1, 2]")
    rules = {member.name: member.rule for member in read_members(location, members)}
    assert rules.pop("side-files/val_query.json") == "changed_while_read"
    assert set(rules.values()) == {None}
    with pytest.raises(InputError, match="side file"):
        Location.parse(source, side_files=[tmp_path / "nothing.json"])

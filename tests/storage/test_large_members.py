"""Members too large to hold are refused unread, and portions are cut by what members unpack to."""

from dataclasses import replace

import packing
import pytest
from memory import peak_in_a_process

from flows.storage import Location, read_member
from flows.storage.member import MAX_MEMBER_BYTES
from flows.storage.zips import archive as archive_module
from flows.storage.zips import zip_directory as directory
from schemas.errors import InputError


def test_a_member_over_the_limit_is_too_large_in_a_zip_and_in_a_folder(tmp_path):
    sound = packing.packed("train/annos/1.json", b"{}")
    large = packing.packed("train/annos/2.json", b" " * 100_000)
    assert MAX_MEMBER_BYTES == 67_108_864
    packing.write_zip(tmp_path / "train.zip", [sound, replace(large, size=MAX_MEMBER_BYTES + 1)])
    with (tmp_path / "train.csv").open("wb") as file:
        file.truncate(MAX_MEMBER_BYTES + 1)
    documents = packing.documents(tmp_path)
    assert documents.pop("train/annos/1.json").data == b"{}"
    assert {(member.data, member.rule) for member in documents.values()} == {(None, "too_large")}
    with pytest.raises(InputError, match=r"train\.csv in .* 67,108,865 bytes, more than the 67,"):
        read_member(Location.parse(tmp_path), "train.csv")


BOMB = """
import pyarrow as pa
from flows.storage import Location, list_members, read_members
location = Location.parse(sys.argv[1])
members = pa.concat_tables(list_members(location))
# measured
for document in read_members(location, members):
    assert len(document.data) == 8_000_000
"""


@pytest.mark.slow
def test_a_zip_that_unpacks_to_a_thousand_times_its_size_is_read_in_small_portions(tmp_path):
    blank = packing.packed("", b" " * 8_000_000)
    names = [b"train/annos/%06d.json" % number for number in range(1, 41)]
    path = packing.write_zip(tmp_path / "train.zip", [replace(blank, name=n) for n in names])
    assert path.stat().st_size < 400_000
    # All of them together are 320 MB.
    assert peak_in_a_process(BOMB, path) < 130_000_000


def test_members_of_several_portions_and_refused_ones_come_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_module, "_BYTES", 100)
    sound = [packing.packed(f"train/annos/{number}.json", b"x" * 30) for number in range(1, 10)]
    large = replace(sound[3], size=MAX_MEMBER_BYTES + 1)
    path = packing.write_zip(tmp_path / "train.zip", [*sound[:3], large, *sound[4:]])
    documents = packing.documents(path)
    assert [document.rule for document in documents.values()] == [None] * 3 + ["too_large"] + [
        None
    ] * 5


def test_a_directory_of_unlikely_size_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(directory, "LARGEST_DIRECTORY", 100)
    files = {f"train/annos/{number}.json": b"{}" for number in range(5)}
    path = packing.write_plain(tmp_path / "train.zip", files)
    with pytest.raises(InputError, match=r"has a directory of 3.. bytes, more than the 100 that"):
        packing.listed(Location.parse(path))


@pytest.mark.parametrize(
    ("packed", "names"),
    [
        # As `zip -r` and `tar` write names of the current folder.
        (["./train/annos/1.json", "./train/annos/2.json"], ["1.json", "2.json"]),
        (
            ["train/annos/1.json", "./train/annos/1.json", "././train/annos/1.json"],
            ["1.json", "1.json#2", "1.json#3"],
        ),
    ],
)
def test_leading_steps_that_lead_nowhere_are_left_out(packed, names, tmp_path):
    members = [packing.packed(name, b"{}") for name in packed]
    documents = packing.documents(packing.write_zip(tmp_path / "deepfashion2.zip", members))
    assert list(documents) == [f"train/annos/{name}" for name in names]
    assert {document.data for document in documents.values()} == {b"{}"}

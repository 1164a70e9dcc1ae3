"""Side files are members of a source, whatever their folder."""

import pytest

from flows.storage import Location, list_members, read_member, read_members
from schemas.errors import InputError


def test_side_files_are_listed_and_read_among_the_members(tmp_path):
    source, elsewhere = tmp_path / "source", tmp_path / "elsewhere"
    (source / "train").mkdir(parents=True)
    elsewhere.mkdir()
    (source / "train" / "a.json").write_bytes(b"a")
    (source / "z.txt").write_bytes(b"z")
    (elsewhere / "val_query.json").write_bytes(b"[]")
    location = Location.parse(source, side_files=[elsewhere / "val_query.json"])
    members = list_members(location)
    assert members["name"].to_pylist() == ["side-files/val_query.json", "train/a.json", "z.txt"]
    assert [document.data for document in read_members(location, members)] == [b"[]", b"a", b"z"]
    assert read_member(location, "side-files/val_query.json") == b"[]"


def test_a_changed_side_file_is_named_as_the_member_it_is(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_bytes(b"a")
    side = tmp_path / "list_query.txt"
    side.write_bytes(b"000001.json\n")
    location = Location.parse(tmp_path / "source", side_files=[side])
    members = list_members(location)
    side.write_bytes(b"000001.json\n000002.json\n")
    rules = {member.name: member.rule for member in read_members(location, members)}
    assert rules == {"a": None, "side-files/list_query.txt": "changed_while_read"}


def test_a_missing_side_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="side file"):
        Location.parse(tmp_path, side_files=[tmp_path / "nothing.json"])

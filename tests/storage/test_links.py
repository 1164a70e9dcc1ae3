"""Links, and entries that are not files: only the source is read, and no read waits."""

import os
from pathlib import Path

import packing
import pyarrow as pa
import pytest

from flows.storage import Location, read_member, read_members
from schemas.errors import InputError
from schemas.source import MEMBERS

OUTSIDE = "it is a link that leads out of the source"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {"secret.json": b"secret", "source/train/annos/000001.json": b"{}"}
    return packing.write_folder(tmp_path, files) / "source"


def read(source: Path) -> dict[str, bytes | str]:
    """The bytes of each member, or the message of its reason."""
    members = packing.documents(source).values()
    return {
        member.name: member.message if member.data is None else member.data for member in members
    }


def test_the_source_and_its_splits_may_be_links(source, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (source / "train").rename(tmp_path / "elsewhere/first")
    (source / "train").symlink_to(tmp_path / "elsewhere/first")
    (tmp_path / "link").symlink_to(source)
    assert read(tmp_path / "link") == {"train/annos/000001.json": b"{}"}


def test_a_linked_file_is_read_only_when_it_stays_inside(source, tmp_path):
    packing.write_folder(
        tmp_path,
        {
            "outside/a.json": b"outside",
            "source-2/a.json": b"another folder",
            "disk/a.json": b"disk",
        },
    )
    (source / "more").symlink_to(tmp_path / "disk")
    targets = {
        2: ("000001.json", b"{}"),
        3: (tmp_path / "secret.json", OUTSIDE),
        4: ("../../../secret.json", OUTSIDE),
        5: ("nowhere", "no such file or directory"),
        6: ("000006.json", "too many levels of symbolic links"),
        7: ("000008.json", OUTSIDE),
        8: (tmp_path / "outside/a.json", OUTSIDE),
        # A folder whose name starts with that of the source is another folder.
        9: (tmp_path / "source-2/a.json", OUTSIDE),
        # A folder that is linked in the source is part of it.
        10: (tmp_path / "disk/a.json", b"disk"),
    }
    names = {number: f"train/annos/{number:06}.json" for number in targets}
    for number, (target, _) in targets.items():
        (source / names[number]).symlink_to(target)
    assert read(source) == {
        "more/a.json": b"disk",
        "train/annos/000001.json": b"{}",
        **{names[number]: content for number, (_, content) in targets.items()},
    }


def test_a_linked_folder_further_down_may_not_lead_out(source, tmp_path):
    (tmp_path / "pictures").mkdir()
    (source / "train/image").symlink_to(tmp_path / "pictures")
    with pytest.raises(InputError, match="train/image is a link to a folder outside"):
        packing.listed(Location.parse(source))


def test_a_linked_folder_that_stays_inside_is_not_listed_twice(source):
    (source / "train/again").symlink_to("annos")
    (source / "train/annos/up").symlink_to("../..")
    assert list(read(source)) == ["train/annos/000001.json"]


def test_a_folder_replaced_by_a_link_after_the_listing_leads_nowhere(source, tmp_path):
    location = Location.parse(source)
    members = packing.listed(location)
    (source / "train/annos").rename(tmp_path / "annos")
    (source / "train/annos").symlink_to(tmp_path / "annos")
    (document,) = read_members(location, members)
    assert (document.data, document.rule) == (None, "unreadable")
    assert document.message == OUTSIDE


@pytest.mark.parametrize(
    "name",
    [
        "../secret.json", "train/../../secret.json", "/etc/passwd", "train//annos/000001.json",
        "train/annos", "train/annos/", "", "..", "train/annos/000001.json#2",
        "train/annos/%2E%2E%2F%2E%2E%2Fsecret.json",
    ],
)  # fmt: skip
def test_a_name_that_no_listing_gave_reads_nothing(source, name):
    location = Location.parse(source)
    with pytest.raises(InputError, match=r"cannot be read: [^\n]*\.$"):
        read_member(location, name)
    row = {"name": name, "size": -1, "stamp": ""}
    (document,) = read_members(location, pa.Table.from_pylist([row], schema=MEMBERS))
    assert document.data is None


def test_a_file_that_is_not_regular_is_a_reason_and_reading_does_not_wait(source):
    os.mkfifo(source / "train/annos/000002.json")
    assert read(source)["train/annos/000002.json"] == "it is not a regular file"


def test_a_name_that_is_not_utf8_is_listed_with_its_bytes_and_not_read(source):
    (source / "train/annos" / os.fsdecode(b"\xff1.json")).write_bytes(b"{}")
    assert list(read(source)) == ["train/annos/%FF1.json", "train/annos/000001.json"]
    assert read(source)["train/annos/%FF1.json"] == "it was listed, but does not exist any more"


def test_a_folder_that_may_not_be_listed_is_an_error(source, monkeypatch):
    # Folders are opened before they are scanned; permissions themselves do not hold for root.
    opened = os.open

    def denied(path, *how, **more):
        if str(path).rstrip("/").endswith("annos"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **more)

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(PermissionError):
        packing.listed(Location.parse(source))

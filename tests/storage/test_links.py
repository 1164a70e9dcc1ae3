"""Links, and entries that are not files: only the source is read, and no read waits."""

import os
from pathlib import Path

import pyarrow as pa
import pytest

from flows.storage import Location, list_members, read_member, read_members
from schemas.errors import InputError
from schemas.source import MEMBERS


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "secret.json").write_bytes(b"secret")
    annos = tmp_path / "source/train/annos"
    annos.mkdir(parents=True)
    (annos / "000001.json").write_bytes(b"{}")
    return tmp_path / "source"


def read(source: Path) -> dict[str, bytes | str | None]:
    """The bytes of each member, or the message of its reason."""
    location = Location.parse(source)
    documents = read_members(location, list_members(location))
    return {
        member.name: member.message if member.data is None else member.data for member in documents
    }


def test_the_source_and_its_splits_may_be_links(source, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (source / "train").rename(tmp_path / "elsewhere/first")
    (source / "train").symlink_to(tmp_path / "elsewhere/first")
    (tmp_path / "link").symlink_to(source)
    assert read(tmp_path / "link") == {"train/annos/000001.json": b"{}"}


def test_a_linked_file_is_read_only_when_it_stays_inside(source, tmp_path):
    annos = source / "train/annos"
    (annos / "000002.json").symlink_to("000001.json")
    (annos / "000003.json").symlink_to(tmp_path / "secret.json")
    (annos / "000004.json").symlink_to("../../../secret.json")
    (annos / "000005.json").symlink_to("nowhere")
    (annos / "000006.json").symlink_to("000006.json")
    assert read(source) == {
        "train/annos/000001.json": b"{}",
        "train/annos/000002.json": b"{}",
        "train/annos/000003.json": "it is a link that leads out of the source",
        "train/annos/000004.json": "it is a link that leads out of the source",
        "train/annos/000005.json": "no such file or directory",
        "train/annos/000006.json": "too many levels of symbolic links",
    }


def test_a_linked_folder_further_down_may_not_lead_out(source, tmp_path):
    (tmp_path / "pictures").mkdir()
    (source / "train/image").symlink_to(tmp_path / "pictures")
    with pytest.raises(InputError, match="train/image is a link to a folder outside"):
        list_members(Location.parse(source))


def test_a_linked_folder_that_stays_inside_is_not_listed_twice(source):
    (source / "train/again").symlink_to("annos")
    (source / "train/annos/up").symlink_to("../..")
    assert list(read(source)) == ["train/annos/000001.json"]


def test_a_folder_replaced_by_a_link_after_the_listing_leads_nowhere(source, tmp_path):
    location = Location.parse(source)
    members = list_members(location)
    (source / "train/annos").rename(tmp_path / "annos")
    (source / "train/annos").symlink_to(tmp_path / "annos")
    (document,) = read_members(location, members)
    assert (document.data, document.rule) == (None, "unreadable")
    assert document.message == "it is a link that leads out of the source"


def test_a_link_to_a_link_or_through_a_folder_may_not_lead_out(source, tmp_path):
    annos = source / "train/annos"
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/000009.json").write_bytes(b"outside")
    (annos / "000002.json").symlink_to("000003.json")
    (annos / "000003.json").symlink_to(tmp_path / "outside/000009.json")
    # A folder whose name starts with that of the source is another folder.
    (tmp_path / "source-2").mkdir()
    (tmp_path / "source-2/a.json").write_bytes(b"other")
    (annos / "000004.json").symlink_to(tmp_path / "source-2/a.json")
    assert {read(source)[f"train/annos/00000{n}.json"] for n in (2, 3, 4)} == {
        "it is a link that leads out of the source"
    }


def test_a_linked_file_may_lead_into_a_folder_that_is_linked_in_the_source(source, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/a.json").write_bytes(b"disk")
    (source / "more").symlink_to(tmp_path / "disk")
    (source / "train/annos/000002.json").symlink_to(tmp_path / "disk/a.json")
    assert read(source)["train/annos/000002.json"] == b"disk"
    assert read(source)["more/a.json"] == b"disk"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.json",
        "train/../../secret.json",
        "/etc/passwd",
        "train//annos/000001.json",
        "train/annos",
        "train/annos/",
        "",
        "..",
        "train/annos/000001.json#2",
        "train/annos/%2E%2E%2F%2E%2E%2Fsecret.json",
    ],
)
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
        list_members(Location.parse(source))

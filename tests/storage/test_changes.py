"""A source that changes, vanishes or fails while it is read: detected, retried, never mixed."""

import errno
import os
from pathlib import Path

import packing
import pyarrow as pa
import pytest

from flows.storage import (
    Location,
    folder_reader,
    list_members,
    read_heads,
    read_member,
    read_members,
)
from schemas.errors import InputError
from schemas.source import Document

FILES = {f"train/annos/{n:06d}.json": b'{"pair_id": %d}' % n * 9 for n in range(1, 6)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def first(source: Path) -> tuple[Location, pa.Table]:
    location = Location.parse(source)
    return location, list_members(location).slice(0, 1)


def meddle(monkeypatch, times: int, act) -> None:
    """Do something right after bytes were read and before they are believed, so many times."""
    read, left = folder_reader._read, [times]

    def read_and_act(handle: int, end: int, start: int = 0) -> bytes:
        data = read(handle, end, start)
        if left[0]:
            left[0] -= 1
            act()
        return data

    monkeypatch.setattr(folder_reader, "_read", read_and_act)


def test_a_file_written_while_it_is_read_is_read_again(source, monkeypatch):
    location, members = first(source)
    path = source / "train/annos/000001.json"
    before = path.stat()

    def write_and_restore():
        path.write_bytes(b"something else")
        path.write_bytes(FILES["train/annos/000001.json"])
        os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))

    meddle(monkeypatch, 1, lambda: os.utime(path, ns=(1, 1)))
    meddle(monkeypatch, 2, write_and_restore)
    (document,) = read_members(location, members)
    assert document == Document("train/annos/000001.json", FILES["train/annos/000001.json"])


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda path: path.write_bytes(b"another one"), "listed with"),
        (lambda path: path.write_bytes(path.read_bytes()), "written to after"),
        (lambda path: path.unlink(), "does not exist any more"),
    ],
)
def test_a_file_that_stays_changed_is_refused_with_the_reason(source, monkeypatch, act, words):
    path = source / "train/annos/000001.json"
    os.utime(path, ns=(1, 1))
    location, members = first(source)
    meddle(monkeypatch, 1, lambda: act(path))
    if not words.startswith("does"):
        (document,) = read_members(location, members)
    else:
        # What is read of a file that is deleted meanwhile is whole and as it was listed.
        assert next(read_members(location, members)).data == FILES["train/annos/000001.json"]
        (document,) = read_members(location, members)
    assert (document.data, document.rule) == (None, "changed_while_read")
    assert words in document.message


def test_a_file_replaced_by_a_new_one_while_it_is_read_is_whole(source, monkeypatch):
    location, members = first(source)
    path = source / "train/annos/000001.json"

    def replace():
        (source / "new").write_bytes(b"x" * 1_000)
        (source / "new").replace(path)

    meddle(monkeypatch, 1, replace)
    (document,) = read_members(location, members)
    assert document.data == FILES["train/annos/000001.json"]


def test_a_stamp_that_a_decoder_put_there_is_not_compared(source):
    location, members = first(source)
    members = members.set_column(2, "stamp", pa.array(["0f3a"])).set_column(
        1, "size", pa.array([-1])
    )
    assert next(read_members(location, members)).data == FILES["train/annos/000001.json"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EIO])
def test_what_is_wrong_with_one_file_is_its_reason(source, monkeypatch, code):
    location = Location.parse(source)
    members = list_members(location)
    fail_on(monkeypatch, "000002.json", code)
    documents = list(read_members(location, members))
    assert [document.rule for document in documents] == [None, "unreadable", None, None, None]
    with pytest.raises(InputError, match=r"000002\.json in .* cannot be read: [^\n]+\.$"):
        read_member(location, "train/annos/000002.json")


@pytest.mark.parametrize("code", [errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE])
def test_what_may_heal_is_raised_for_retries(source, monkeypatch, code):
    location = Location.parse(source)
    members = list_members(location)
    fail_on(monkeypatch, "000002.json", code)
    with pytest.raises(OSError) as caught:
        list(read_members(location, members))
    assert caught.value.errno == code


def fail_on(monkeypatch, name: str, code: int) -> None:
    opened = os.open

    def failing(path, *arguments, **options):
        if Path(path).name == name:
            raise OSError(code, os.strerror(code), path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", failing)


@pytest.mark.parametrize("lost", ["files", "folder", "root"])
def test_an_unmounted_source_is_an_error_and_no_rejections(source, tmp_path, lost):
    (tmp_path / "mount").mkdir()
    (source / "train").rename(tmp_path / "mount" / "train")
    location = Location.parse(tmp_path / "mount")
    members = list_members(location)
    if lost == "files":
        for name in FILES:
            (tmp_path / "mount" / name).unlink()
    else:
        top = tmp_path / "mount" if lost == "root" else tmp_path / "mount" / "train"
        top.rename(tmp_path / "gone")
    with pytest.raises(OSError, match=r"mounted"):
        list(read_members(location, members))


def test_an_archive_replaced_after_the_listing_is_noticed_member_by_member(tmp_path):
    path = packing.write_plain(tmp_path / "train.zip", FILES)
    location = Location.parse(path)
    members = list_members(location)
    changed = {**FILES, "train/annos/000002.json": b"{}"}
    del changed["train/annos/000003.json"]
    path.unlink()
    packing.write_plain(path, changed)
    documents = list(read_members(location, members))
    assert [document.rule for document in documents] == [
        None,
        "changed_while_read",
        "changed_while_read",
        None,
        None,
    ]


def test_an_archive_replaced_while_it_is_read_is_read_again(tmp_path):
    path = packing.write_plain(tmp_path / "train.zip", FILES)
    location = Location.parse(path)
    members = list_members(location)
    seen = []

    def probe(head: bytes, whole: bool) -> bytes:
        if len(seen) == 2:
            packing.write_plain(tmp_path / "new.zip", {**FILES, "train/annos/000001.json": b"new"})
            (tmp_path / "new.zip").replace(path)
        seen.append(head)
        return head

    answers = list(read_heads(location, members, probe))
    assert answers[1:] == list(FILES.values())[1:]
    assert answers[0].rule == "changed_while_read"


def test_an_archive_that_is_never_at_rest_is_an_error_for_retries(tmp_path):
    path = packing.write_plain(tmp_path / "train.zip", FILES)
    location = Location.parse(path)
    members = list_members(location)

    def probe(head: bytes, whole: bool) -> bytes:
        packing.write_plain(tmp_path / "new.zip", FILES)
        (tmp_path / "new.zip").replace(path)
        return head

    with pytest.raises(OSError, match="being written"):
        list(read_heads(location, members, probe))


def test_an_archive_that_went_is_an_error_for_retries(tmp_path):
    path = packing.write_plain(tmp_path / "train.zip", FILES)
    location = Location.parse(path)
    members = list_members(location)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        list(read_members(location, members))

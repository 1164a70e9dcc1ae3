"""A source that changes, vanishes or fails while it is read: detected, retried, never mixed."""

import errno
import os
from collections import Counter
from pathlib import Path

import packing
import pyarrow as pa
import pytest

from flows.storage import (
    Location,
    folder_reader,
    read_heads,
    read_member,
    read_members,
)
from flows.storage.folder_reader import FolderReader
from schemas.errors import InputError
from schemas.source import Document

FILES = {f"train/annos/{n:06d}.json": b'{"pair_id": %d}' % n * 9 for n in range(1, 6)}


FIRST = "train/annos/000001.json"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return packing.write_folder(tmp_path / "source", FILES)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return packing.write_plain(tmp_path / "train.zip", FILES)


def listed(source: Path, count: int = len(FILES)) -> tuple[Location, pa.Table]:
    location = Location.parse(source)
    return location, packing.listed(location).slice(0, count)


def meddle(monkeypatch, times: int, act) -> None:
    """Do something right after bytes were read and before they are believed, so many times."""
    read, left = folder_reader.read_at, [times]

    def read_and_act(handle: int, size: int, start: int) -> bytes:
        data = read(handle, size, start)
        if left[0]:
            left[0] -= 1
            act()
        return data

    monkeypatch.setattr(folder_reader, "read_at", read_and_act)


def test_a_file_written_while_it_is_read_is_read_again(source, monkeypatch):
    location, members = listed(source, 1)
    path = source / FIRST
    before = path.stat()

    read_once, attempts = FolderReader._read_once, []

    def restore_and_read(reader, *arguments):
        attempts.append(path.stat().st_mtime_ns)
        os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
        return read_once(reader, *arguments)

    monkeypatch.setattr(FolderReader, "_read_once", restore_and_read)
    meddle(monkeypatch, 2, lambda: os.utime(path, ns=(1, 1)))
    (document,) = read_members(location, members)
    assert document == Document(FIRST, FILES[FIRST])
    assert attempts == [1, 1]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda path: path.write_bytes(b"another one"), "listed with"),
        (lambda path: path.write_bytes(path.read_bytes()), "written to after"),
        (lambda path: path.unlink(), "does not exist any more"),
    ],
)
def test_a_file_that_stays_changed_is_refused_with_the_reason(source, monkeypatch, act, words):
    path = source / FIRST
    os.utime(path, ns=(1, 1))
    location, members = listed(source, 1)
    meddle(monkeypatch, 1, lambda: act(path))
    if not words.startswith("does"):
        (document,) = read_members(location, members)
    else:
        # What is read of a file that is deleted meanwhile is whole and as it was listed.
        assert next(read_members(location, members)).data == FILES[FIRST]
        (document,) = read_members(location, members)
    assert (document.data, document.rule) == (None, "changed_while_read")
    assert words in document.message


def test_a_file_replaced_by_a_new_one_while_it_is_read_is_whole(source, monkeypatch):
    location, members = listed(source, 1)
    path = source / FIRST

    def replace():
        (source / "new").write_bytes(b"x" * 1_000)
        (source / "new").replace(path)

    meddle(monkeypatch, 1, replace)
    (document,) = read_members(location, members)
    assert document.data == FILES[FIRST]


@pytest.mark.parametrize("heads", [False, True])
def test_an_unchanged_file_is_read_in_four_calls(source, monkeypatch, heads):
    location, members = listed(source)
    calls = Counter[str]()

    def count(module, name: str) -> None:
        function = getattr(module, name)

        def counted(*arguments, **options):
            calls[name] += 1
            return function(*arguments, **options)

        monkeypatch.setattr(module, name, counted)

    for name in ("open", "fstat", "close"):
        count(os, name)
    count(folder_reader, "read_at")
    if heads:
        answers = list(read_heads(location, members, lambda head, whole: head))
    else:
        answers = [document.data for document in read_members(location, members)]
    assert answers == list(FILES.values())
    folder = 1
    assert calls == {"open": 5 + folder, "read_at": 5, "fstat": 5, "close": 5 + folder}


def open_files() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


def test_a_reading_that_ends_early_leaves_no_file_open(source):
    location, members = listed(source)
    before = open_files()
    documents = read_members(location, members)
    next(documents)
    assert open_files() - before
    documents.close()
    assert open_files() == before


@pytest.mark.parametrize("kind", ["pipe", "folder", "longer", "shorter"])
def test_a_file_replaced_after_the_listing_by_something_else_is_refused(source, kind):
    location, members = listed(source, 1)
    path = source / FIRST
    stamp = path.stat().st_mtime_ns
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(FILES[FIRST] + b" " if kind == "longer" else FILES[FIRST][:-1])
    os.utime(path, ns=(stamp, stamp))
    (document,) = read_members(location, members)
    assert document.data is None
    assert document.rule == ("unreadable" if kind in ("pipe", "folder") else "changed_while_read")


def test_a_stamp_that_a_decoder_put_there_is_not_compared(source):
    location, members = listed(source, 1)
    row = {"name": FIRST, "size": -1, "stamp": "0f3a"}
    members = pa.Table.from_pylist([row], schema=members.schema)
    assert next(read_members(location, members)).data == FILES[FIRST]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EIO])
def test_what_is_wrong_with_one_file_is_its_reason(source, monkeypatch, code):
    location, members = listed(source)
    fail_on(monkeypatch, "000002.json", code)
    documents = list(read_members(location, members))
    assert [document.rule for document in documents] == [None, "unreadable", None, None, None]
    with pytest.raises(InputError, match=r"000002\.json in .* cannot be read: [^\n]+\.$"):
        read_member(location, "train/annos/000002.json")


@pytest.mark.parametrize("code", [errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE])
def test_what_may_heal_is_raised_for_retries(source, monkeypatch, code):
    location, members = listed(source)
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
    location, members = listed(source)
    if lost == "files":
        for name in FILES:
            (source / name).unlink()
    else:
        (source if lost == "root" else source / "train").rename(tmp_path / "gone")
    with pytest.raises(OSError, match=r"mounted"):
        list(read_members(location, members))


def test_an_archive_replaced_after_the_listing_is_noticed_member_by_member(archive, tmp_path):
    location, members = listed(archive)
    changed = {**FILES, "train/annos/000002.json": b"{}"}
    del changed["train/annos/000003.json"]
    archive.unlink()
    packing.write_plain(archive, changed)
    documents = list(read_members(location, members))
    changes = ["changed_while_read"] * 2
    assert [document.rule for document in documents] == [None, *changes, None, None]


def test_an_archive_replaced_while_it_is_read_is_read_again(archive, tmp_path):
    location, members = listed(archive)
    seen = []

    def probe(head: bytes, whole: bool) -> bytes:
        if len(seen) == 2:
            packing.write_plain(tmp_path / "new.zip", {**FILES, FIRST: b"new"})
            (tmp_path / "new.zip").replace(archive)
        seen.append(head)
        return head

    answers = list(read_heads(location, members, probe))
    assert answers[1:] == list(FILES.values())[1:]
    assert answers[0].rule == "changed_while_read"


def test_an_archive_that_is_never_at_rest_is_an_error_for_retries(archive, tmp_path):
    location, members = listed(archive)

    def probe(head: bytes, whole: bool) -> bytes:
        packing.write_plain(tmp_path / "new.zip", FILES)
        (tmp_path / "new.zip").replace(archive)
        return head

    with pytest.raises(OSError, match="being written"):
        list(read_heads(location, members, probe))


def test_an_archive_that_vanished_is_an_error_for_retries(archive):
    location, members = listed(archive)
    archive.unlink()
    with pytest.raises(FileNotFoundError):
        list(read_members(location, members))

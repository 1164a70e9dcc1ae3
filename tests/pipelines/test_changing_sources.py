"""A source that changes between its listing and its reading: detected, never mixed, healed."""

import errno
import os
import zipfile
from pathlib import Path

import pytest
from copied_ingests import first_ingest, restored
from ingesting import file_hashes, ingested, rows_of
from whole_ingests import documents, rewrite

from flows.lake import Lake
from flows.pipelines.ingest import ingest
from flows.pipelines.outcome import PublicationBlocked
from flows.pipelines.request import IngestRequest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder with a source of 12 pictures and a lake of it, and a copy of both."""
    return first_ingest(tmp_path_factory.mktemp("first"), 12)


@pytest.fixture
def folder(first):
    """The source and the lake that a test may change, at the path that the lake records."""
    return restored(first)


@pytest.fixture
def source(folder):
    return folder / "source"


@pytest.fixture
def lake(folder):
    return folder / "lake"


def ingested_while(change, source, lake, **options):
    """An ingest of a source that changes after it was listed and before it is read."""

    def run(build, jobs):
        change()
        yield from map(build, jobs)

    return ingest(IngestRequest("deepfashion2", str(source), str(lake), **options), run)


def replace(path):
    path.write_bytes(path.read_bytes().replace(b"shop", b"user") + b" ")


def touch(path):
    """Same size, other bytes, another time: only the time tells."""
    data, stamp = path.read_bytes(), path.stat().st_mtime_ns
    path.write_bytes(data.replace(b"shop", b"user"))
    os.utime(path, ns=(stamp + 1_000, stamp + 1_000))


def point_elsewhere(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


REFUSED = {
    Path.unlink: "changed_while_read",
    replace: "changed_while_read",
    touch: "changed_while_read",
    point_elsewhere: "unreadable",
}
"""What happens to a document, and the rule that refuses it."""


def test_files_that_changed_since_they_were_listed_are_refused_or_marked_and_healed(source, lake):
    before, whole = Lake(lake).release().id, file_hashes(lake)
    refused = dict(zip(documents(source)[3:7], REFUSED, strict=True))
    marked = dict(zip(sorted((source / "train" / "image").iterdir())[:2], REFUSED, strict=False))
    contents = {path: path.read_bytes() for path in (*refused, *marked)}

    def change():
        for path, change_file in (refused | marked).items():
            change_file(path)

    def restore():
        for path, content in contents.items():
            path.unlink(missing_ok=True)
            path.write_bytes(content)

    restore()  # with another time, which is a reason to read
    with pytest.raises(PublicationBlocked, match="--allow-refused train"):
        ingested_while(change, source, lake)
    assert Lake(lake).release().id == before

    restore()
    ingested_while(change, source, lake, allow_refused=["train"], allow_shrink=["train"])
    assert rows_of(lake, "select file_name, item_no, rule from rejections order by 1") == [
        (path.relative_to(source).as_posix(), None, REFUSED[change_file])
        for path, change_file in refused.items()
    ]
    numbers = ", ".join(str(int(path.stem)) for path in refused)
    images = f"select count(*) from images where split = 'train' and image_id in ({numbers})"
    assert rows_of(lake, images) == [(0,)]
    unreadable = (
        "select file_name, width from images where image_status = 'unreadable' order by all"
    )
    assert rows_of(lake, unreadable) == [(path.name, None) for path in marked]
    assert Lake(lake).verify() == []

    restore()
    ingested("deepfashion2", source, lake)
    assert file_hashes(lake) == whole


def failing_reads(monkeypatch, victims):
    """Let each read of some files fail with EIO; their listing stays as it is."""
    real_open = os.open

    def open_or_fail(path, *rest, dir_fd=None, **options):
        folder = Path(f"/proc/self/fd/{dir_fd}").readlink() if dir_fd is not None else ""
        if Path(folder, os.fsdecode(path)) in victims:
            raise OSError(errno.EIO, "Input/output error", os.fsdecode(path))
        return real_open(path, *rest, dir_fd=dir_fd, **options)

    monkeypatch.setattr(os, "open", open_or_fail)


@pytest.mark.parametrize("options", [{}, {"verify_images": True}])
def test_a_part_that_could_not_be_read_is_read_again_though_its_listing_is_the_same(
    options, source, lake, monkeypatch
):
    whole = file_hashes(lake)
    victims = [documents(source)[3], *(source / "validation" / "image").iterdir()]
    for victim in victims:
        os.utime(victim, (1, 1))
    with monkeypatch.context() as patch:
        failing_reads(patch, victims)
        allowed = {"allow_refused": ["train"], "allow_shrink": ["train"]}
        ingested("deepfashion2", source, lake, **allowed, **options)
    failures = (
        "select (select count(*) from rejections where rule = 'unreadable'), "
        "(select count(*) from images where image_status = 'unreadable')"
    )
    assert rows_of(lake, failures) == [(1, 1)]
    healed = ingested("deepfashion2", source, lake, **options)
    assert healed.run["parts_built"] == 2
    assert rows_of(lake, failures) == [(0, 0)]
    assert (file_hashes(lake) == whole) == (options == {})
    assert "nothing changed" in ingested("deepfashion2", source, lake, **options).sentence


def test_a_source_that_vanished_whole_ends_the_run_and_leaves_the_release(source, lake):
    before = Lake(lake).release().id
    rewrite(documents(source)[0], pair_id=77)
    away = source.with_name("away")
    with pytest.raises(OSError, match=r"mounted|No such file"):
        ingested_while(lambda: source.rename(away), source, lake)
    assert Lake(lake).release().id == before
    assert list((lake / "staging").iterdir()) == []
    away.rename(source)
    assert ingested("deepfashion2", source, lake).release != before


def packed(source, archive):
    """The train split of a source as its zip."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted((source / "train").rglob("*.*")):
            file.write(path, path.relative_to(source))
    return archive


def test_an_archive_replaced_since_it_was_listed_is_never_mixed(source, tmp_path):
    archive, lake = packed(source, tmp_path / "train.zip"), tmp_path / "lake"
    rewrite(documents(source)[0], pair_id=77)
    newer = packed(source, tmp_path / "newer.zip")
    ingested_while(lambda: newer.replace(archive), archive, lake, allow_refused=["train"])
    refused = "select file_name, rule from rejections"
    assert rows_of(lake, refused) == [("train/annos/000001.json", "changed_while_read")]
    ingested("deepfashion2", archive, lake)
    assert rows_of(lake, refused) == []
    assert rows_of(lake, "select pair_id from images where image_id = 1") == [(77,)]

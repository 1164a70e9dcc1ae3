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


def same_as_undisturbed(source, lake, tmp_path) -> bool:
    """Whether an ingest of the source into a new lake gives the same files."""
    ingested("deepfashion2", source, tmp_path / "undisturbed")
    return file_hashes(lake) == file_hashes(tmp_path / "undisturbed")


def ingested_while(change, source, lake, **options):
    """An ingest of a source that changes after it was listed and before it is read."""

    def run(build, jobs):
        change()
        yield from map(build, jobs)

    return ingest(IngestRequest("deepfashion2", str(source), str(lake), **options), run)


def delete(path):
    path.unlink()


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


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (delete, "changed_while_read"),
        (replace, "changed_while_read"),
        (touch, "changed_while_read"),
        (point_elsewhere, "unreadable"),
    ],
)
def test_a_document_that_changed_since_it_was_listed_is_refused_and_healed(
    change, rule, source, lake, tmp_path
):
    before = Lake(lake).release().id
    rewrite(documents(source)[0], pair_id=77)  # a reason to read
    victim = documents(source)[3]
    content = victim.read_bytes()
    with pytest.raises(PublicationBlocked, match="--allow-refused train"):
        ingested_while(lambda: change(victim), source, lake)
    assert Lake(lake).release().id == before

    victim.unlink(missing_ok=True)
    victim.write_bytes(content)
    allowed = {"allow_refused": ["train"], "allow_shrink": ["train"]}
    ingested_while(lambda: change(victim), source, lake, **allowed)
    name = victim.relative_to(source).as_posix()
    assert rows_of(lake, "select file_name, item_no, rule from rejections") == [(name, None, rule)]
    images = f"select count(*) from images where split = 'train' and image_id = {int(victim.stem)}"
    assert rows_of(lake, images) == [(0,)]
    assert Lake(lake).verify() == []

    victim.unlink(missing_ok=True)
    victim.write_bytes(content)
    ingested("deepfashion2", source, lake)
    assert same_as_undisturbed(source, lake, tmp_path)


@pytest.mark.parametrize("change", [delete, replace])
def test_a_picture_that_changed_since_it_was_listed_is_marked_and_healed(change, source, tmp_path):
    victim = sorted((source / "train" / "image").iterdir())[3]
    content = victim.read_bytes()
    ingested_while(lambda: change(victim), source, tmp_path / "lake")
    unreadable = "select file_name, width from images where image_status = 'unreadable'"
    assert rows_of(tmp_path / "lake", unreadable) == [(victim.name, None)]
    victim.write_bytes(content)
    ingested("deepfashion2", source, tmp_path / "lake")
    assert same_as_undisturbed(source, tmp_path / "lake", tmp_path)


def failing_read(monkeypatch, victim):
    """Let the file system fail with EIO at each read of a file, whose listing stays as it is."""
    real_open = os.open

    def open_or_fail(path, *rest, **options):
        if Path(os.fsdecode(path)).name == victim.name:
            raise OSError(errno.EIO, "Input/output error", str(victim))
        return real_open(path, *rest, **options)

    monkeypatch.setattr(os, "open", open_or_fail)


@pytest.mark.parametrize("options", [{}, {"verify_images": True}])
@pytest.mark.parametrize("folder_name", ["annos", "image"])
def test_a_part_that_could_not_be_read_is_read_again_though_its_listing_is_the_same(
    folder_name, options, source, tmp_path, monkeypatch
):
    victim = sorted((source / "train" / folder_name).iterdir())[3]
    lake = tmp_path / "lake"
    with monkeypatch.context() as patch:
        failing_read(patch, victim)
        ingested("deepfashion2", source, lake, allow_refused=["train"], **options)
    failures = (
        "select (select count(*) from rejections where rule = 'unreadable') "
        "+ (select count(*) from images where image_status = 'unreadable')"
    )
    assert rows_of(lake, failures) == [(1,)]
    healed = ingested("deepfashion2", source, lake, **options)
    assert healed.run["parts_built"] == 1
    assert rows_of(lake, failures) == [(0,)]
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
    archive = packed(source, tmp_path / "train.zip")
    rewrite(documents(source)[0], pair_id=77)
    newer = packed(source, tmp_path / "newer.zip")
    options = {"allow_refused": ["train"]}
    ingested_while(lambda: newer.replace(archive), archive, tmp_path / "lake", **options)
    refused = rows_of(tmp_path / "lake", "select file_name, rule from rejections")
    assert refused == [("train/annos/000001.json", "changed_while_read")]
    ingested("deepfashion2", archive, tmp_path / "lake")
    assert same_as_undisturbed(archive, tmp_path / "lake", tmp_path)
    assert rows_of(tmp_path / "lake", "select pair_id from images where image_id = 1") == [(77,)]

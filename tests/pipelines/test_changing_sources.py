"""A source that changes between its listing and its reading: detected, never mixed, healed."""

import os
import shutil
import zipfile

import pytest
from ingesting import file_hashes, ingested, rows_of
from whole_ingests import documents, rewrite

from flows.lake import Lake
from flows.pipelines.ingest import ingest
from flows.pipelines.request import request


@pytest.fixture
def source(sources, tmp_path):
    """A copy of the DeepFashion2 sample that a test may change."""
    return shutil.copytree(sources / "deepfashion2", tmp_path / "source")


def ingested_while(change, source, lake, **options):
    """An ingest of a source that changes after it was listed and before it is read."""

    def run(build, jobs):
        change()
        yield from map(build, jobs)

    return ingest(
        request(dataset="deepfashion2", source=str(source), lake=str(lake), **options), run
    )


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
    change, rule, source, tmp_path
):
    first = ingested("deepfashion2", source, tmp_path / "lake")
    rewrite(documents(source)[0], pair_id=77)  # a reason to read
    victim = documents(source)[3]
    kept = victim.read_bytes()
    blocked = ingested_while(lambda: change(victim), source, tmp_path / "lake")
    assert "--allow-refused train" in blocked.blocked[0]
    assert Lake(tmp_path / "lake").release().id == first.release

    victim.unlink(missing_ok=True)
    victim.write_bytes(kept)
    ingested_while(lambda: change(victim), source, tmp_path / "lake", allow_refused=["train"])
    lake = tmp_path / "lake"
    name = victim.relative_to(source).as_posix()
    found = rows_of(lake, "select file_name, item_no, rule from rejections")
    assert found == [(name, None, rule)]
    assert rows_of(
        lake, f"select count(*) from images where split = 'train' and image_id = {int(victim.stem)}"
    ) == [(0,)]
    assert Lake(lake).verify() == []

    victim.unlink(missing_ok=True)
    victim.write_bytes(kept)
    ingested("deepfashion2", source, lake)
    ingested("deepfashion2", source, tmp_path / "undisturbed")
    assert file_hashes(lake) == file_hashes(tmp_path / "undisturbed")


@pytest.mark.parametrize("change", [delete, replace])
def test_a_picture_that_changed_since_it_was_listed_is_marked_and_healed(change, source, tmp_path):
    victim = sorted((source / "train" / "image").iterdir())[3]
    kept = victim.read_bytes()
    ingested_while(lambda: change(victim), source, tmp_path / "lake")
    found = rows_of(
        tmp_path / "lake",
        "select file_name, width from images where image_status = 'unreadable'",
    )
    assert found == [(victim.name, None)]
    victim.write_bytes(kept)
    ingested("deepfashion2", source, tmp_path / "lake")
    ingested("deepfashion2", source, tmp_path / "undisturbed")
    assert file_hashes(tmp_path / "lake") == file_hashes(tmp_path / "undisturbed")


def test_a_source_that_vanished_whole_ends_the_run_and_leaves_the_release(source, tmp_path):
    first = ingested("deepfashion2", source, tmp_path / "lake")
    rewrite(documents(source)[0], pair_id=77)
    away = source.with_name("away")
    with pytest.raises(OSError, match=r"mounted|No such file"):
        ingested_while(lambda: source.rename(away), source, tmp_path / "lake")
    assert Lake(tmp_path / "lake").release().id == first.release
    assert list((tmp_path / "lake" / "staging").iterdir()) == []
    away.rename(source)
    assert ingested("deepfashion2", source, tmp_path / "lake").release != first.release


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
    ingested("deepfashion2", archive, tmp_path / "undisturbed")
    assert file_hashes(tmp_path / "lake") == file_hashes(tmp_path / "undisturbed")
    assert rows_of(tmp_path / "lake", "select pair_id from images where image_id = 1") == [(77,)]

"""Ingests from object storage: the release of the folder, few requests, rebuilt parts, pictures."""

import re
from pathlib import Path

import numpy as np
import packing
import pytest
from command_line import is_one_sentence, wardrobe
from ingesting import file_hashes, ingested
from object_stores import SECRET, StubStore, retry_often
from releases import built_once

from flows import open_release
from flows.lake import open_lake
from flows.pipelines.sample import write_sample

pytestmark = pytest.mark.slow

SOURCE = "s3://bucket/a/source"


def write_source(folder: Path) -> None:
    """A source with pictures, in a folder and in encrypted zips, and a lake of it."""
    write_sample("deepfashion2", folder / "source", 12, 1)
    (folder / "zips").mkdir()
    for split in sorted(path.name for path in (folder / "source").iterdir()):
        packing.write_zipcrypto(folder / f"zips/{split}.zip", files(folder, split), b"shops")
    ingested("deepfashion2", folder / "source", folder / "lake")


def files(folder: Path, below: str = "") -> dict[str, bytes]:
    source = folder / "source"
    paths = sorted(path for path in (source / below).rglob("*") if path.is_file())
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return built_once(tmp_path_factory, "object-source", write_source)


@pytest.fixture
def source(folder, stub) -> StubStore:
    """The stub with the objects of the source."""
    for name, data in files(folder).items():
        stub.write(f"a/source/{name}", data)
    return stub


def ingest(lake, *options, source=SOURCE):
    return wardrobe("ingest", "deepfashion2", source, "--lake", lake, *options)


def test_a_source_and_a_lake_in_a_store_make_the_release_of_the_folder(folder, source):
    lake = "s3://bucket/a/lake"
    done = ingest(lake, "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert file_hashes(lake) == file_hashes(folder / "lake")
    manifest = open_lake(lake).release().manifest
    assert manifest.inputs["deepfashion2"]["location"] == SOURCE
    assert set(manifest.inputs["deepfashion2"]["locations"].values()) == {SOURCE}
    assert SECRET not in done.stdout + done.stderr + str(manifest)


def test_a_run_without_change_lists_and_a_changed_object_builds_its_part(folder, source, tmp_path):
    lake = tmp_path / "lake"
    assert ingest(lake).returncode == 0
    source.reset()
    again = ingest(lake)
    assert again.stdout.startswith("nothing changed")
    assert set(source.requests) <= {"LIST", "HEAD"} and sum(source.requests.values()) <= 7
    name = next(name for name in files(folder) if name.startswith("train/annos"))
    source.write(f"a/source/{name}", files(folder)[name] + b" ")
    assert "members changed" in ingest(lake, "--dry-run").stdout
    source.reset()
    assert ingest(lake).returncode == 0
    read = {key.removeprefix("a/source/") for method, key in source.log if method == "GET"}
    assert read and all(key.startswith("train/") for key in read)
    assert file_hashes(lake) == file_hashes(folder / "lake")


def test_encrypted_zips_make_the_release_of_the_folder(folder, stub, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", "shops")
    for path in (folder / "zips").iterdir():
        stub.write(f"zips/{path.name}", path.read_bytes())
    done = ingest(tmp_path / "lake", source="s3://bucket/zips")
    assert done.returncode == 0, done.stderr
    assert file_hashes(tmp_path / "lake") == file_hashes(folder / "lake")
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", "wrong")
    wrong = ingest(tmp_path / "other", source="s3://bucket/zips")
    assert is_one_sentence(wrong)
    assert re.search(r"s3://bucket/zips/(train|test|validation)\.zip is encrypted", wrong.stderr)


def test_pictures_are_read_from_the_recorded_prefix(folder, source, tmp_path, monkeypatch):
    lake = tmp_path / "lake"
    ingested("deepfashion2", SOURCE, lake)
    outputs = []
    for name, place in (("local", folder / "lake"), ("remote", lake)):
        output = tmp_path / name
        words = ("deepfashion2", "train", "--task", "landmarks", "--output", output)
        done = wardrobe("export", "training", *words, "--size", "64", "--lake", place)
        assert done.returncode == 0, done.stderr
        outputs.append({p.name: p.read_bytes() for p in output.rglob("*.parquet")})
        monkeypatch.setenv("WARDROBE_CACHE", str(output / "cache"))
    assert outputs[0] == outputs[1] != {}
    local, remote = (
        open_release(place).feed("deepfashion2", "train", task="landmarks")
        for place in (folder / "lake", lake)
    )
    for mine, other in zip(local, remote, strict=True):
        assert np.array_equal(mine["image"], other["image"])
    shown = wardrobe(
        "show", "deepfashion2", "train", "1", "--lake", lake, "--output", tmp_path / "a.png"
    )
    assert shown.returncode == 0, shown.stderr
    source.objects.clear()
    with pytest.raises(ValueError, match=r"^s3://bucket/a/source does not exist: give a prefix"):
        open_release(lake).feed("deepfashion2", "train", task="landmarks")[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s3://bucket/none", "s3://bucket/none does not exist"),
        ("s3://no-bucket/a", "s3://no-bucket does not exist"),
        (f"s3://key:{SECRET}@bucket/a", "an address has neither credentials nor a query"),
        (SOURCE, "the store refused access"),
    ],
)
def test_a_source_that_cannot_be_read_is_a_sentence(source, tmp_path, text, words):
    source.refuse = re.compile(r"annos/000001\.json")
    done = ingest(tmp_path / "lake", "--workers", "1", source=text)
    assert is_one_sentence(done) and words in done.stderr, done
    assert SECRET not in done.stderr and not list(tmp_path.glob("lake/releases/*"))


def test_a_store_that_is_busy_is_a_whole_release_or_a_sentence(
    folder, source, tmp_path, monkeypatch
):
    retry_often(monkeypatch, 50)
    source.busy = 0.3
    assert ingest(tmp_path / "lake", "--workers", "1").returncode == 0
    assert file_hashes(tmp_path / "lake") == file_hashes(folder / "lake")
    retry_often(monkeypatch, 1)
    source.busy = 1.0
    done = ingest(tmp_path / "other")
    assert is_one_sentence(done) and "the store failed (503 Service" in done.stderr, done


def test_an_object_replaced_after_its_listing_is_a_rejection(folder, source, tmp_path):
    def replace(key: str) -> None:
        source.on_read = lambda key: None
        for name in files(folder, "train/annos"):
            source.write(f"a/source/{name}", b"{}")

    source.on_read = replace
    done = ingest(tmp_path / "lake", "--allow-refused", "train")
    assert done.returncode == 0, done.stderr
    rows = wardrobe("rejections", "--lake", tmp_path / "lake").stdout
    assert "changed_while_read" in rows and "it was listed with" in rows

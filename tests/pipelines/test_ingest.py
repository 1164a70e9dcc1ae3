"""Repeated ingests of a source: unchanged, changed, shrunk, refused, with other options."""

import dataclasses
import json
import os
import shutil

import pytest
from copied_ingests import first_ingest, restored
from ingesting import file_hashes, ingested, rows_of
from whole_ingests import rewrite, spread

from flows.lake import Lake
from flows.pipelines import derive
from flows.pipelines.outcome import PublicationBlocked
from schemas.errors import InputError


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder with a source of 24 pictures and a lake of it, and a copy of both."""
    return first_ingest(tmp_path_factory.mktemp("first"), 24)


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


def document(source, split="train", place=0):
    """Path of a document of a split."""
    return sorted((source / split / "annos").iterdir())[place]


@pytest.mark.slow
def test_worker_counts_do_not_change_the_files(source, lake, tmp_path):
    spread(source, 2)
    for workers in (1, 2):
        ingested("deepfashion2", source, tmp_path / f"lake{workers}", workers=workers)
    assert file_hashes(tmp_path / "lake1") == file_hashes(tmp_path / "lake2")


def test_an_unchanged_source_makes_no_release_and_no_file_is_opened(source, lake, monkeypatch):
    before = Lake(lake).release().id
    opened = []
    real_open = os.open

    def counting_open(path, *rest, **options):
        opened.append(str(path))
        return real_open(path, *rest, **options)

    monkeypatch.setattr(os, "open", counting_open)
    again = ingested("deepfashion2", source, lake)
    assert again.release == before
    assert again.sentence == f"nothing changed: release {before} holds all of it"
    # A name alone is a file of an open folder.
    files = [path for path in opened if path.startswith(str(source)) or "/" not in path]
    assert [path for path in files if "." in path] == []


@pytest.mark.slow
def test_a_changed_document_rewrites_its_part_only(source, tmp_path):
    # Image ids above 4,096 are in another part.
    distant = source / "train" / "annos" / "005000.json"
    distant.write_bytes(document(source).read_bytes())
    lake = tmp_path / "lake"
    ingested("deepfashion2", source, lake)
    before = {path: (lake / "current" / path).stat().st_ino for path in file_hashes(lake)}
    rewrite(distant, pair_id=77)
    summary = ingested("deepfashion2", source, lake)
    after = {path: (lake / "current" / path).stat().st_ino for path in file_hashes(lake)}
    rewritten = [path for path in after if before.get(path) != after[path]]
    tables = ("images", "items", "landmarks", "polygons")
    assert summary.run["parts_built"] == 1
    assert [path for path in rewritten if path.startswith(tables)] == [
        "images/dataset=deepfashion2/split=train/part-00001.parquet"
    ]
    assert rows_of(lake, "select pair_id from images where image_id = 5000") == [(77,)]


@pytest.mark.slow
def test_a_touched_document_makes_no_release(source, lake):
    before = Lake(lake).release().id
    os.utime(document(source), (1, 1))
    assert ingested("deepfashion2", source, lake).release == before
    assert "nothing changed" in ingested("deepfashion2", source, lake).sentence


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["statistics", "pairs", "checks"])
def test_a_changed_query_text_derives_again(kind, source, lake, monkeypatch):
    before = Lake(lake).release()
    first, *others = derive.queries(kind)
    changed = [dataclasses.replace(first, text=f"{first.text}\n-- changed"), *others]
    queries = derive.queries
    monkeypatch.setattr(derive, "queries", lambda name: changed if name == kind else queries(name))
    summary = ingested("deepfashion2", source, lake)
    after = Lake(lake).release()
    assert summary.release == after.id != before.id
    assert summary.run["parts_built"] == 0
    assert after.manifest.parameters["sql"] != before.manifest.parameters["sql"]
    assert "nothing changed" in ingested("deepfashion2", source, lake).sentence


@pytest.mark.slow
def test_a_removed_document_leaves_an_image_without_items(source, lake):
    removed = document(source)
    removed.unlink()
    ingested("deepfashion2", source, lake, allow_shrink=["train"])
    where = f"where split = 'train' and image_id = {int(removed.stem)}"
    assert rows_of(lake, f"select annotated from images {where}") == [(False,)]
    assert rows_of(lake, f"select count(*) from items {where}") == [(0,)]


@pytest.mark.slow
def test_a_split_that_is_not_in_the_source_is_kept_unless_pruned(source, lake):
    shutil.rmtree(source / "validation")
    note = "deepfashion2 validation is not in the source any more and is kept as it was: --prune"
    release = Lake(lake).release().id
    for _ in range(2):  # the second run opens no file
        summary = ingested("deepfashion2", source, lake)
        assert summary.release == release and summary.warnings[0].startswith(note)
    changed = ingested("deepfashion2", source, lake, embed_images=True)
    assert changed.release != release and note in "; ".join(changed.warnings)
    splits = "select distinct split from images order by 1"
    assert rows_of(lake, splits) == [("test",), ("train",), ("validation",)]
    assert note not in str(ingested("deepfashion2", source, lake, prune=True).warnings)
    assert rows_of(lake, splits) == [("test",), ("train",)]
    assert ingested("deepfashion2", source, lake).warnings == ()


@pytest.mark.slow
def test_a_split_of_another_source_is_not_called_lost(source, lake, tmp_path):
    (tmp_path / "other").mkdir()
    shutil.move(source / "validation", tmp_path / "other" / "validation")
    ingested("deepfashion2", tmp_path / "other", lake)
    summary = ingested("deepfashion2", source, lake)
    assert "not in the source" not in str(summary.warnings)


@pytest.mark.slow
@pytest.mark.parametrize("prune", [False, True])
def test_an_empty_mount_changes_nothing(source, lake, prune):
    before = Lake(lake).release().id
    for path in source.rglob("*.*"):
        path.unlink()
    with pytest.raises(InputError, match="DeepFashion2 source"):
        ingested("deepfashion2", source, lake, prune=prune)
    assert Lake(lake).release().id == before


@pytest.mark.slow
def test_a_split_whose_mount_is_empty_is_kept(source, lake):
    count = "select count(*) from images where split = 'train'"
    before = rows_of(lake, count)
    for path in (source / "train").rglob("*.*"):
        path.unlink()
    ingested("deepfashion2", source, lake)
    assert rows_of(lake, count) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder_name", "names", "loss"),
    [
        ("annos", slice(None), "100.0 % of its items"),
        ("image", slice(None), "100.0 % of its pictures"),
        ("*", slice(3), "15.0 % of its images"),
    ],
)
def test_a_large_loss_is_blocked_until_allowed_by_name(folder_name, names, loss, source, lake):
    before = Lake(lake).release().id
    for folder in (source / "train").glob(folder_name):
        for path in sorted(folder.iterdir())[names]:
            path.unlink()
    with pytest.raises(PublicationBlocked, match=f"train would lose {loss}") as blocked:
        ingested("deepfashion2", source, lake)
    assert "--allow-shrink train" in str(blocked.value)
    assert Lake(lake).release().id == before
    assert ingested("deepfashion2", source, lake, allow_shrink=["train"]).release != before


@pytest.mark.slow
def test_many_refused_documents_are_blocked_until_allowed_by_name(source, tmp_path):
    document(source).write_text("{")
    lake = tmp_path / "lake"
    with pytest.raises(PublicationBlocked, match="--allow-refused train"):
        ingested("deepfashion2", source, lake)
    assert ingested("deepfashion2", source, lake, allow_refused=["train"]).release
    rows = rows_of(lake, "select file_name, item_no, rule from rejections")
    assert rows == [("train/annos/000001.json", None, "not_json")]


def test_strict_publishes_nothing_when_anything_is_refused(source, tmp_path):
    item = json.loads(document(source).read_text())["item1"]
    rewrite(document(source), item1={**item, "landmarks": [1, 2, 2]})
    with pytest.raises(PublicationBlocked, match="1 documents or items were refused"):
        ingested("deepfashion2", source, tmp_path / "lake", strict=True)
    assert Lake(tmp_path / "lake").releases() == []


@pytest.mark.slow
def test_a_split_can_be_ingested_first(source, tmp_path):
    lake = tmp_path / "lake"
    ingested("deepfashion2", source, lake, splits=["validation"])
    splits = "select distinct split from images order by 1"
    assert rows_of(lake, splits) == [("validation",)]
    before = file_hashes(lake)
    ingested("deepfashion2", source, lake)
    assert rows_of(lake, splits) == [("test",), ("train",), ("validation",)]
    after = file_hashes(lake)
    kept = {path for path in before if "split=validation" in path}
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}


@pytest.mark.slow
def test_embedded_pictures_are_the_files(source, lake):
    ingested("deepfashion2", source, lake, embed_images=True, verify_images=True)
    rows = rows_of(
        lake,
        "select split, image.path, image.bytes, sha256 = sha256(image.bytes) from pictures "
        "join images using (dataset, split, image_id)",
    )
    assert len(rows) == 24
    for split, name, data, same_hash in rows:
        assert same_hash and (source / split / "image" / name).read_bytes() == data


@pytest.mark.slow
def test_counts_add_up_in_the_manifest(lake):
    parts = Lake(lake).release().manifest.parts
    assert parts
    for part in parts.values():
        counts = part.counts
        assert counts["documents_read"] == counts["images"] + counts["documents_refused"]
        assert counts["items_read"] == counts["items"] + counts["items_refused"]


@pytest.mark.slow
def test_options_are_remembered_until_they_are_turned_off(source, tmp_path):
    lake, side = tmp_path / "lake", tmp_path / "val_query.json"
    side.write_text("[]")
    pictures, hashes = "select count(*) from pictures", "select count(sha256) from images"
    ingested("deepfashion2", source, lake, verify_images=True, side_files=[str(side)])
    again = ingested("deepfashion2", source, lake)
    assert "nothing changed" in again.sentence
    assert (rows_of(lake, pictures), rows_of(lake, hashes)) == ([(0,)], [(24,)])
    assert Lake(lake).release().manifest.inputs["deepfashion2"]["side_files"] == [str(side)]
    ingested("deepfashion2", source, lake, embed_images=True)
    ingested("deepfashion2", source, lake, verify_images=False)
    assert (rows_of(lake, pictures), rows_of(lake, hashes)) == ([(24,)], [(0,)])

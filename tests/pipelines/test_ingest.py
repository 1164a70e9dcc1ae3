"""Ingests as a schedule lives through them: the same again, changed, shrunk, refused."""

import json
import os
import shutil

import pytest
from ingesting import file_hashes, ingested, rows_of

from flows.lake import Lake
from schemas.errors import InputError


@pytest.fixture
def source(sources, tmp_path):
    """A copy of the DeepFashion2 sample that a test may change."""
    return shutil.copytree(sources / "deepfashion2", tmp_path / "source")


def document(source, split="train", place=0):
    """Path of one document of a split."""
    return sorted((source / split / "annos").iterdir())[place]


def test_worker_counts_do_not_show_in_the_files(source, tmp_path):
    for workers in (1, 2, 4):
        ingested("deepfashion2", source, tmp_path / f"lake{workers}", workers=workers)
    hashes = [file_hashes(tmp_path / f"lake{workers}") for workers in (1, 2, 4)]
    assert hashes[0] == hashes[1] == hashes[2]


def test_nothing_changed_means_no_release_and_no_file_opened(source, tmp_path, monkeypatch):
    first = ingested("deepfashion2", source, tmp_path / "lake")
    for folder in source.rglob("*"):
        if folder.is_file():
            folder.chmod(0)
    opened = []
    real_open = os.open

    def counting_open(path, *rest, **named):
        opened.append(str(path))
        return real_open(path, *rest, **named)

    monkeypatch.setattr(os, "open", counting_open)
    again = ingested("deepfashion2", source, tmp_path / "lake")
    assert again.release == first.release
    assert "nothing changed" in again.sentence
    assert [
        path
        for path in opened
        if path.endswith((".json", ".jpg")) and not path.endswith("lake.json")
    ] == []


def test_one_changed_document_rewrites_one_part(source, tmp_path):
    # Numbers over 4,096 lie in another part.
    far = document(source).read_bytes()
    (source / "train" / "annos" / "005000.json").write_bytes(far)
    ingested("deepfashion2", source, tmp_path / "lake")
    before = {
        path: (tmp_path / "lake/current" / path).stat().st_ino
        for path in file_hashes(tmp_path / "lake")
    }
    changed = json.loads(far)
    changed["pair_id"] = 77
    (source / "train" / "annos" / "005000.json").write_text(json.dumps(changed))
    summary = ingested("deepfashion2", source, tmp_path / "lake")
    after = {
        path: (tmp_path / "lake/current" / path).stat().st_ino
        for path in file_hashes(tmp_path / "lake")
    }
    rewritten = {path for path in after if before.get(path) != after[path]}
    parts = {
        path for path in rewritten if path.startswith(("images", "items", "landmarks", "polygons"))
    }
    assert summary.run["parts_built"] == 1
    assert parts == {"images/dataset=deepfashion2/split=train/part-00001.parquet"}
    assert rows_of(tmp_path / "lake", "select pair_id from images where image_id = 5000") == [(77,)]


def test_a_touched_document_makes_no_release(source, tmp_path):
    first = ingested("deepfashion2", source, tmp_path / "lake")
    os.utime(document(source), (1, 1))
    again = ingested("deepfashion2", source, tmp_path / "lake")
    assert again.release == first.release
    third = ingested("deepfashion2", source, tmp_path / "lake")
    assert "nothing changed" in third.sentence


def test_a_removed_document_vanishes_and_its_picture_stays(source, tmp_path):
    ingested("deepfashion2", source, tmp_path / "lake")
    gone = document(source)
    gone.unlink()
    ingested("deepfashion2", source, tmp_path / "lake")
    number = int(gone.stem)
    where = f"where split = 'train' and image_id = {number}"
    assert rows_of(tmp_path / "lake", f"select annotated from images {where}") == [(False,)]
    assert rows_of(tmp_path / "lake", f"select count(*) from items {where}") == [(0,)]


def test_a_vanished_split_is_kept_unless_pruned(source, tmp_path):
    ingested("deepfashion2", source, tmp_path / "lake")
    shutil.rmtree(source / "validation")
    kept = ingested("deepfashion2", source, tmp_path / "lake")
    splits = "select distinct split from images order by 1"
    assert rows_of(tmp_path / "lake", splits) == [("test",), ("train",), ("validation",)]
    assert not kept.blocked
    ingested("deepfashion2", source, tmp_path / "lake", prune=True)
    assert rows_of(tmp_path / "lake", splits) == [("test",), ("train",)]


@pytest.mark.parametrize("prune", [False, True])
def test_an_empty_mount_changes_nothing(source, tmp_path, prune):
    first = ingested("deepfashion2", source, tmp_path / "lake")
    for path in source.rglob("*.*"):
        path.unlink()
    with pytest.raises(InputError, match="no DeepFashion2 source"):
        ingested("deepfashion2", source, tmp_path / "lake", prune=prune)
    assert Lake(tmp_path / "lake").release().id == first.release


def test_a_split_whose_mount_is_empty_is_kept(source, tmp_path):
    ingested("deepfashion2", source, tmp_path / "lake")
    for path in (source / "train").rglob("*.*"):
        path.unlink()
    kept = ingested("deepfashion2", source, tmp_path / "lake")
    assert not kept.blocked
    assert rows_of(tmp_path / "lake", "select count(*) from images where split = 'train'") == [
        (48,)
    ]


def test_losing_a_tenth_of_a_split_is_blocked_until_allowed_by_name(source, tmp_path):
    first = ingested("deepfashion2", source, tmp_path / "lake")
    for path in [
        *sorted((source / "train/annos").iterdir())[:6],
        *sorted((source / "train/image").iterdir())[:6],
    ]:
        path.unlink()
    refused = ingested("deepfashion2", source, tmp_path / "lake")
    assert "--allow-shrink train" in refused.blocked[0]
    assert Lake(tmp_path / "lake").release().id == first.release
    allowed = ingested("deepfashion2", source, tmp_path / "lake", allow_shrink=["train"])
    assert allowed.release != first.release


@pytest.mark.parametrize(("folder", "what"), [("annos", "items"), ("image", "pictures")])
def test_a_folder_that_is_not_mounted_is_blocked_though_every_image_stays(
    folder, what, source, tmp_path
):
    first = ingested("deepfashion2", source, tmp_path / "lake")
    shutil.rmtree(source / "train" / folder)
    summary = ingested("deepfashion2", source, tmp_path / "lake")
    assert f"train would lose 100.0 % of its {what}" in summary.sentence
    assert "--allow-shrink train" in summary.sentence
    assert Lake(tmp_path / "lake").release().id == first.release
    allowed = ingested("deepfashion2", source, tmp_path / "lake", allow_shrink=["train"])
    assert allowed.release != first.release


def test_refusing_many_documents_is_blocked_until_allowed_by_name(source, tmp_path):
    document(source).write_text("{")
    blocked = ingested("deepfashion2", source, tmp_path / "lake")
    assert "--allow-refused train" in blocked.blocked[0]
    allowed = ingested("deepfashion2", source, tmp_path / "lake", allow_refused=["train"])
    assert allowed.release
    found = rows_of(tmp_path / "lake", "select file_name, item_no, rule from rejections")
    assert found == [("train/annos/000001.json", None, "not_json")]


def test_strict_publishes_nothing_when_anything_is_refused(source, tmp_path):
    broken = json.loads(document(source).read_text())
    broken["item1"]["landmarks"] = [1, 2, 2]
    document(source).write_text(json.dumps(broken))
    summary = ingested("deepfashion2", source, tmp_path / "lake", strict=True)
    assert summary.blocked
    assert Lake(tmp_path / "lake").releases() == []


def test_one_split_can_be_filled_in_alone(source, tmp_path):
    ingested("deepfashion2", source, tmp_path / "lake", splits=["validation"])
    splits = "select distinct split from images order by 1"
    assert rows_of(tmp_path / "lake", splits) == [("validation",)]
    before = file_hashes(tmp_path / "lake")
    ingested("deepfashion2", source, tmp_path / "lake")
    assert rows_of(tmp_path / "lake", splits) == [("test",), ("train",), ("validation",)]
    after = file_hashes(tmp_path / "lake")
    kept = {path for path in before if "split=validation" in path}
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}


def test_other_data_sets_stay_as_they_were(lake):
    found = rows_of(lake, "select distinct dataset from items order by 1")
    assert found == [("deepfashion2",), ("fashion-mnist",), ("fashionai",)]


def test_embedded_pictures_are_the_files(source, tmp_path):
    ingested("deepfashion2", source, tmp_path / "lake", embed_images=True, verify_images=True)
    found = rows_of(
        tmp_path / "lake",
        "select split, image.path, image.bytes, sha256 = sha256(image.bytes) from pictures "
        "join images using (dataset, split, image_id)",
    )
    assert len(found) == 60
    assert all(same for *_, same in found)
    for split, name, data, _ in found:
        assert (source / split / "image" / name).read_bytes() == data


def test_counts_add_up_in_the_manifest(lake):
    for part in Lake(lake).release().manifest.parts.values():
        counts = part.counts
        assert counts["documents_read"] == counts["images"] + counts["documents_refused"]
        assert counts["items_read"] == counts["items"] + counts["items_refused"]


def test_what_could_not_be_read_is_read_again_next_time(source, tmp_path):
    broken = document(source)
    data, stamp = broken.read_bytes(), broken.stat().st_mtime_ns
    broken.unlink()
    broken.mkdir()  # a folder in its place cannot be read, whoever asks
    broken.rmdir()
    broken.symlink_to("/etc/hostname")  # leads out of the source: listed, and refused
    ingested("deepfashion2", source, tmp_path / "lake", allow_refused=["train"])
    assert rows_of(tmp_path / "lake", "select rule from rejections") == [("unreadable",)]
    again = ingested("deepfashion2", source, tmp_path / "lake", allow_refused=["train"])
    assert "nothing changed" in again.sentence
    broken.unlink()
    broken.write_bytes(data)
    os.utime(broken, ns=(stamp, stamp))
    ingested("deepfashion2", source, tmp_path / "lake")
    assert rows_of(tmp_path / "lake", "select count(*) from rejections") == [(0,)]


def test_what_an_ingest_was_asked_for_is_remembered_until_it_is_unsaid(source, tmp_path):
    lake = tmp_path / "lake"
    side = tmp_path / "val_query.json"
    side.write_text("[]")
    first = ingested(
        "deepfashion2",
        source,
        lake,
        embed_images=True,
        verify_images=True,
        side_files=[str(side)],
    )
    again = ingested("deepfashion2", source, lake)
    assert again.release == first.release and "nothing changed" in again.sentence
    ingested("deepfashion2", source, lake, embed_images=False)
    assert rows_of(lake, "select count(*) from pictures") == [(0,)]
    assert rows_of(lake, "select count(sha256) from images") == [(60,)]

import os
import shutil
import stat
from pathlib import Path

import duckdb
import msgspec
import pytest
from lake_runs import build, fill, numbers, planned, publish, source

from flows.lake import CountMismatch
from flows.release import differing_files
from schemas.errors import InputError


def inode(path) -> int:
    return path.stat().st_ino


def test_a_first_release_is_current_whole_and_described(lake):
    release = publish(lake, source(numbers(1, 25)))
    assert (lake.root / "current").readlink() == Path("releases") / release.id
    assert lake.release().path == release.path

    manifest = release.manifest
    assert manifest.release == release.id
    assert manifest.parent is None
    assert release.id.endswith(manifest.content[:8])
    assert manifest.changes.sentence == "first release: 3 parts, images +25, items +25"
    assert manifest.split_counts("deepfashion2")["train"]["images"] == 25
    assert set(manifest.versions) == {"schema", "wardrobe", "pyarrow", "duckdb"}
    assert lake.verify() == []
    assert list((lake.root / "staging").iterdir()) == []


def test_files_are_named_by_the_manifest_with_their_whole_path(lake):
    release = publish(lake, source(numbers(1, 25)))
    assert list(release.tables()) == [
        "images", "items", "landmarks", "polygons", "pairs", "rejections", "statistics/how_many",
    ]  # fmt: skip
    assert [path.name for path in release.files("items")] == [
        "part-00000.parquet", "part-00001.parquet", "part-00002.parquet",
    ]  # fmt: skip
    assert all(path.is_absolute() and path.is_file() for path in release.files("items"))
    assert release.files("triplets") == []


def test_nothing_changed_means_no_new_release(lake):
    first = publish(lake, source(numbers(1, 25)))
    second = publish(lake, source(numbers(1, 25)))
    assert second.id == first.id
    assert len(lake.releases()) == 1


def test_one_changed_document_rewrites_one_file_per_table_that_changed_and_links_the_rest(lake):
    first = publish(lake, source(numbers(1, 25)))
    second = publish(lake, source(numbers(1, 25) | {13: "wider"}))

    linked = {
        record.path
        for record in second.manifest.files
        if inode(second.path / record.path) == inode(first.path / record.path)
    }
    changed = "images/dataset=deepfashion2/split=train/part-00001.parquet"
    assert {record.path for record in second.manifest.files} - linked == {changed}
    assert second.manifest.changes.sentence == "1 of 3 parts rebuilt: row counts as before"
    assert second.manifest.parent == first.id
    left, right = differing_files(first, second, "images")
    assert (left, right) == ([first.path / changed], [second.path / changed])
    assert lake.verify(first.id) == lake.verify(second.id) == []


def test_touched_files_are_rebuilt_once_and_make_no_release(lake):
    first = publish(lake, source(numbers(1, 25)))
    touched = source(numbers(1, 25, stamp="b"))

    with lake.writing() as staging:
        assert len(fill(staging, touched)) == 3
        assert inode(staging.files("images")[0]) == inode(first.files("images")[0])
        release = staging.publish(inputs={"deepfashion2": {"location": "/source", "listing": "2"}})
    assert release.id == first.id

    with lake.writing() as staging:
        assert fill(staging, touched) == []
        assert staging.parent.manifest.inputs["deepfashion2"]["listing"] == "2"
    assert lake.release().manifest.inputs["deepfashion2"]["listing"] == "l"


def test_saved_fingerprints_go_into_the_next_release_and_losing_it_costs_a_rebuild(lake):
    publish(lake, source(numbers(1, 25)))
    publish(lake, source(numbers(1, 25, stamp="b")))
    for damaged in (b"{", b'{"release": "\xff"}', b'{"inputs": ' + b"[" * 10_000):
        (lake.root / "seen.json").write_bytes(damaged)
        with lake.writing() as staging:
            assert len(fill(staging, source(numbers(1, 25, stamp="b")))) == 3
    publish(lake, source(numbers(1, 25, stamp="b")))
    publish(lake, source(numbers(1, 25, stamp="b") | {30: "c"}))
    (lake.root / "seen.json").unlink()
    with lake.writing() as staging:
        assert fill(staging, source(numbers(1, 25, stamp="b") | {30: "c"})) == []


def test_fingerprints_saved_for_another_release_are_not_used(lake):
    publish(lake, source(numbers(1, 25)))
    publish(lake, source(numbers(1, 25, stamp="b")))
    second = publish(lake, source(numbers(1, 25, stamp="wider")))
    saved = msgspec.json.decode((lake.root / "seen.json").read_bytes())
    assert saved["release"] != second.id
    assert lake.parent().manifest.parts == second.manifest.parts
    with lake.writing() as staging:
        assert fill(staging, source(numbers(1, 25, stamp="wider"))) == []


def test_removed_documents_and_parts_leave_the_release(lake):
    publish(lake, source(numbers(1, 25)))
    release = publish(lake, source(numbers(1, 18)))
    table = duckdb.sql(f"from read_parquet('{release.path}/images/*/*/*.parquet')")
    assert table.aggregate("count(*), max(image_id)").fetchall() == [(18, 18)]
    assert release.manifest.changes.sentence == (
        "1 of 2 parts rebuilt, 1 part dropped: images -7, items -7"
    )


def test_another_parameter_or_place_of_the_source_is_a_new_release_of_links(lake):
    first = publish(lake, source(numbers(1, 25)))
    for change, named in (
        ({"parameters": {"seed": 2}}, "seed"),
        ({"inputs": {"deepfashion2": {"location": "/elsewhere"}}}, "deepfashion2 location"),
    ):
        with lake.writing() as staging:
            fill(staging, source(numbers(1, 25)))
            release = staging.publish(**change)
        assert release.manifest.content == first.manifest.content
        sentence = f"settings only ({named}): row counts as before"
        assert release.manifest.changes.sentence == sentence
        assert inode(release.files("items")[0]) == inode(first.files("items")[0])
    assert release.manifest.parameters == {"seed": 2}
    assert len({release.id for release in lake.releases()}) == 3


def test_other_data_sets_come_along_unchanged_and_leave_with_their_last_part(lake):
    publish(lake, source(numbers(1, 25)))
    with lake.writing() as staging:
        fill(staging, source(numbers(1, 5)), dataset="fashionai")
        release = staging.publish(inputs={"fashionai": {"location": "/other"}})
    assert set(release.manifest.inputs) == {"deepfashion2", "fashionai"}
    assert len(release.files("images")) == 4
    assert release.manifest.split_counts("fashionai")["train"]["images"] == 5
    with lake.writing() as staging:
        fill(staging, source({}), dataset="fashionai", prune=True)
        release = staging.publish()
    assert release.manifest.inputs.keys() == {"deepfashion2"}
    assert len(release.files("images")) == 3


@pytest.mark.parametrize(
    ("counts", "what"),
    [
        ({"documents_read": 10}, "10 documents read, but 9 written and refused"),
        ({"documents_refused": 1}, "9 documents read, but 10"),
        ({"items_read": 8}, "8 items read, but 9"),
        ({"images": 8}, "8 images, but 9"),
        ({"documents_read": 10, "documents_refused": 1}, "0 rejections, but 1"),
    ],
)
def test_a_part_whose_counts_do_not_add_up_is_a_bug_and_stops_the_run(lake, counts, what):
    first = publish(lake, source(numbers(1, 5)))
    with pytest.raises(CountMismatch, match=what), lake.writing() as staging:
        (part,) = planned(source(numbers(1, 9))).changed
        receipt = build(staging.folder, part)
        staging.record([msgspec.structs.replace(receipt, counts=receipt.counts | counts)])
    assert lake.release().id == first.id
    assert list((lake.root / "staging").iterdir()) == []


def test_a_file_that_is_gone_or_cut_before_publication_stops_it(lake):
    with pytest.raises(CountMismatch, match=r"has None bytes"), lake.writing() as staging:
        fill(staging, source(numbers(1, 5)))
        staging.files("items")[0].unlink()
        staging.publish()
    assert lake.releases() == []


def test_what_no_record_names_is_not_published(lake):
    with lake.writing() as staging:
        fill(staging, source(numbers(1, 5)))
        stray = staging.folder / "items/dataset=deepfashion2/split=train/.part-00000.parquet.9-1"
        stray.write_bytes(b"half")
        (staging.folder / "empty/folder").mkdir(parents=True)
        release = staging.publish()
    assert not list(release.path.rglob(".*"))
    assert not (release.path / "empty").exists()


def test_published_files_and_folders_are_read_only(lake):
    release = publish(lake, source(numbers(1, 5)))
    for path in (release.path, *release.path.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222, path


def test_where_links_are_impossible_files_are_copied(lake, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    first = publish(lake, source(numbers(1, 25)))
    monkeypatch.setattr(os, "link", refuse)
    second = publish(lake, source(numbers(1, 25) | {13: "wider"}))
    assert inode(second.files("items")[0]) != inode(first.files("items")[0])
    assert lake.verify() == []


def test_a_parent_that_lost_a_file_is_named(lake):
    release = publish(lake, source(numbers(1, 25)))
    release.files("items")[0].parent.chmod(0o755)
    release.files("items")[0].unlink()
    with pytest.raises(InputError, match=r"is missing: `wardrobe verify 2"):
        publish(lake, source(numbers(1, 25) | {13: "wider"}))


def test_the_staging_of_dead_runs_is_cleaned_by_the_next(lake):
    publish(lake, source(numbers(1, 5)))
    with lake.writing() as staging:
        fill(staging, source(numbers(1, 9)))
        shutil.copytree(staging.folder, lake.root / "staging" / "dead")
        (lake.root / "staging" / "dead" / "items").chmod(0o555)
    (lake.root / "current.next").symlink_to("nowhere")
    with lake.writing() as staging:
        assert [path.name for path in (lake.root / "staging").iterdir()] == [staging.folder.name]
    assert not (lake.root / "current.next").is_symlink()


def test_unknown_parts_cannot_be_linked(lake):
    with lake.writing() as staging, pytest.raises(ValueError, match="has no parts"):
        staging.link(["deepfashion2/train/00000"])
    publish(lake, source(numbers(1, 5)))
    with lake.writing() as staging, pytest.raises(ValueError, match="no parts"):
        staging.link(["deepfashion2/train/00007"])

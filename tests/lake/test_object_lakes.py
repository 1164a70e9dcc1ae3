"""Lakes on object storage: the same releases as in a folder, and how they are kept."""

import json

import pytest
from lake_runs import fill, numbers, publish, source
from object_lakes import FIRST, ROOT, SECOND, assert_whole, keys, own_keys
from object_stores import SECRET, use_store

from flows.lake import Lake, open_lake
from schemas.errors import InputError


@pytest.mark.parametrize("place", ["moto", "stub"])
def test_a_release_has_the_files_of_a_release_in_a_folder(place, request, monkeypatch, tmp_path):
    if place == "moto":
        use_store(monkeypatch, request.getfixturevalue("moto_url"))
    else:
        request.getfixturevalue("stub")
    folder, lake = Lake(tmp_path / "lake"), open_lake(f"s3://bucket/{place}/lake/")
    for members in (FIRST, SECOND):
        local, remote = publish(folder, members), publish(lake, members)
        assert remote.manifest.files == local.manifest.files
        assert remote.manifest.content == local.manifest.content
        assert remote.manifest.changes == local.manifest.changes
        assert str(remote.path) == f"s3://bucket/{place}/lake/releases/{remote.id}"
        assert lake.release().id == remote.id and lake.verify() == []
    assert len(lake.releases()) == 2
    for record in local.manifest.files:
        assert remote.place(record).read_bytes() == (local.path / record.path).read_bytes()


def test_unchanged_files_are_copied_by_the_store(object_lake, stub):
    first = publish(object_lake, FIRST)
    assert own_keys(stub) == {"lake.json", "current.json"}
    stub.reset()
    second = publish(object_lake, SECOND)
    before = {(file.path, file.sha256) for file in first.manifest.files}
    unchanged = [file for file in second.manifest.files if (file.path, file.sha256) in before]
    assert stub.requests["COPY"] == len(unchanged) == 16
    # The mark twice, the manifest and the pointer.
    assert stub.requests["PUT"] == len(second.manifest.files) - len(unchanged) + 4
    assert_whole(object_lake, second, first)


def test_nothing_changed_means_no_new_release(object_lake, stub):
    first = publish(object_lake, FIRST)
    assert publish(object_lake, FIRST).id == first.id
    assert own_keys(stub) == {"lake.json", "current.json", "seen.json"}
    assert_whole(object_lake, first)


def test_rollback_resume_and_deletion(object_lake, stub):
    first, second = publish(object_lake, FIRST), publish(object_lake, SECOND)
    with pytest.raises(InputError, match="is the current release already"):
        object_lake.rollback(second.id)
    assert object_lake.rollback(first.id[:20]).id == first.id == object_lake.release().id
    assert (object_lake.pin.release, object_lake.pin.instead_of) == (first.id, second.id)
    with pytest.raises(InputError, match=r"was rolled back to .* --resume"), object_lake.writing():
        pass
    with pytest.raises(InputError, match="pass --resume first"):
        object_lake.delete(second.id)
    with object_lake.writing(resume=True) as staging:
        fill(staging, source(numbers(1, 30)))
        third = staging.publish(parameters={})
    assert third.manifest.parent == first.id and object_lake.pin is None
    with pytest.raises(InputError, match="is the current release and stays"):
        object_lake.delete(third.id)
    deleted = object_lake.delete_all_but(2)
    assert deleted.releases == (first.id,) and deleted.files == len(first.manifest.files) + 1
    assert_whole(object_lake, third, second)


def test_what_no_run_has_marked_is_neither_a_release_nor_removed(object_lake, stub):
    first = publish(object_lake, FIRST)
    foreign = ["releases/20990101T000000Z-00000000/images/x.parquet", "releases/notes.txt"]
    for key in foreign:
        stub.write(f"a/lake/{key}", b"not of a run")
    assert [release.id for release in object_lake.releases()] == [first.id]
    second = publish(object_lake, SECOND)
    assert second.id > "2099"  # it sorts last all the same
    assert {*foreign} <= keys(stub)
    with pytest.raises(InputError, match="is not a release"):
        object_lake.release("20990101T000000Z-00000000")


def test_a_prefix_with_other_things_does_not_become_a_lake(object_lake, stub):
    stub.write("other/notes.txt", b"")
    for command in (open_lake("s3://bucket/other").require_place, lambda: publish(
        open_lake("s3://bucket/other"), FIRST)):  # fmt: skip
        with pytest.raises(InputError, match="holds other things and is not a lake"):
            command()
    publish(object_lake, FIRST)
    with pytest.raises(InputError, match=r"is in the lake s3://bucket/a/lake: give"):
        publish(open_lake("s3://bucket/a/lake/inner"), FIRST)
    assert "other/lake.json" not in stub.objects


def test_a_lake_that_is_not_there_or_is_damaged_is_a_sentence(object_lake, stub):
    with pytest.raises(InputError, match=r"s3://bucket/a/lake is not a lake: `wardrobe demo`"):
        object_lake.release()
    assert stub.writes == 0
    with pytest.raises(InputError, match="is not a lake"):
        object_lake.delete_all_but(1)
    first = publish(object_lake, FIRST)
    second = publish(object_lake, SECOND)
    stub.write("a/lake/current.json", b"{")
    with pytest.raises(InputError, match=r"current.json is damaged .*: remove the object"):
        object_lake.release()
    del stub.objects["a/lake/current.json"]
    with pytest.raises(InputError, match="has releases but none is current"):
        object_lake.release()
    object_lake.rollback(first.id)
    object_lake.resume()
    stub.objects = {k: v for k, v in stub.objects.items() if "items" not in k or second.id in k}
    with pytest.raises(InputError, match="is missing and 2 more files of the release") as damage:
        publish(object_lake, SECOND)
    assert f"`wardrobe rollback {second.id}`" in str(damage.value)
    assert len(object_lake.verify()) == 3


def test_secrets_are_in_no_object(object_lake, stub):
    release = publish(object_lake, FIRST)
    with object_lake.writing():
        mark = stub.objects[f"a/lake/runs/{next(iter((ROOT / 'runs').objects()['name']))}"][0]
    assert set(json.loads(mark)) == {"host", "pid", "since", "command"}
    for data, _, _ in stub.objects.values():
        assert SECRET.encode() not in data and b"access-key" not in data
    assert (
        "127.0.0.1" not in stub.objects[f"a/lake/releases/{release.id}/manifest.json"][0].decode()
    )

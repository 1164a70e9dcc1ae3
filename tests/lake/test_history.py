import shutil

import pytest
from lake_runs import numbers, publish, source

from schemas.errors import InputError


def three(lake):
    """Three releases, oldest first: 25 documents, one of them changed, one of them more."""
    return [
        publish(lake, source(numbers(1, 25))),
        publish(lake, source(numbers(1, 25) | {13: "wider"})),
        publish(lake, source(numbers(1, 26) | {13: "wider"})),
    ]


def ids(lake):
    return [release.id for release in lake.releases()]


def test_deleting_frees_only_what_no_other_release_shares(lake):
    first, second, third = three(lake)
    own = "images/dataset=deepfashion2/split=train/part-00001.parquet"
    sizes = {record.path: record.bytes for record in first.manifest.files}
    manifest = (first.path / "manifest.json").stat().st_size

    freed = lake.delete(first.id)

    assert freed.releases == (first.id,)
    assert (freed.files, freed.bytes) == (2, sizes[own] + manifest)
    assert ids(lake) == [third.id, second.id]
    assert lake.verify(second.id) == lake.verify(third.id) == []
    assert all(path.stat().st_mode & 0o222 == 0 for path in second.path.rglob("*.parquet"))


def test_a_deletion_that_dies_leaves_no_half_release_and_is_finished_by_the_next_run(
    lake, monkeypatch
):
    first, second, third = three(lake)

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", die)
    with pytest.raises(KeyboardInterrupt):
        lake.delete(first.id)
    assert {path.name for path in (lake.root / "releases").iterdir()} == {second.id, third.id}
    monkeypatch.undo()
    with lake.writing():
        pass
    assert len(list((lake.root / "staging").iterdir())) == 0


def test_the_current_release_is_never_deleted(lake):
    third = three(lake)[-1]
    with pytest.raises(InputError, match="is the current release and stays"):
        lake.delete(third.id)
    lake.delete_all_but(1)
    assert ids(lake) == [third.id]
    assert lake.verify() == []


def test_keeping_some_deletes_the_oldest_and_spares_the_current(lake):
    first, _, third = three(lake)
    lake.rollback(first.id)
    lake.resume()
    freed = lake.delete_all_but(1)
    assert len(freed.releases) == 1
    assert ids(lake) == [third.id, first.id]
    with pytest.raises(InputError, match="--keep 0 would leave no release"):
        lake.delete_all_but(0)


def test_a_rollback_holds_until_it_is_resumed(lake):
    first, second, third = three(lake)
    lake.rollback(first.id[:-2])
    assert lake.release().id == first.id
    assert lake.pin.instead_of == third.id
    with pytest.raises(InputError, match=rf"was rolled back to {first.id} \(from {third.id}\)"):
        publish(lake, source(numbers(1, 30)))
    with pytest.raises(InputError, match="the lake was rolled back from"):
        lake.delete(third.id)
    lake.rollback(second.id)
    assert lake.pin.instead_of == third.id
    lake.delete_all_but(1)
    assert ids(lake) == [third.id, second.id]

    with lake.writing(resume=True) as staging:
        assert staging.parent.id == second.id
    assert lake.pin is None
    assert publish(lake, source(numbers(1, 30))).manifest.parent == second.id


def test_a_rollback_that_died_half_way_is_finished_by_the_next_command(lake):
    first, _, third = three(lake)
    lake.rollback(first.id)
    (lake.root / "current").unlink()
    (lake.root / "current").symlink_to(f"releases/{third.id}")
    with pytest.raises(InputError, match="rolled back"), lake.writing():
        pass
    assert lake.release().id == first.id


def test_a_rollback_repairs_a_current_that_points_nowhere(lake):
    first, _, third = three(lake)
    third.path.rename(lake.root / "lost")
    with pytest.raises(InputError, match="which does not exist"):
        lake.release()
    lake.rollback(first.id)
    assert lake.release().id == first.id


def test_a_rollback_to_a_release_that_cannot_be_read_is_refused(lake):
    first, _, third = three(lake)
    (first.path / "manifest.json").chmod(0o644)
    (first.path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        lake.rollback(first.id)
    assert lake.release().id == third.id
    assert lake.delete(first.id).releases == (first.id,)


def test_a_damaged_pin_says_how_to_repair_it(lake):
    first = three(lake)[0]
    (lake.root / "pinned").write_text("{")
    with pytest.raises(InputError, match="pinned is damaged"), lake.writing():
        pass
    lake.rollback(first.id)
    assert lake.pin.release == first.id


def test_commands_on_a_folder_that_is_not_a_lake_make_none(lake):
    for act in (lambda: lake.delete_all_but(1), lambda: lake.rollback("2026"), lake.resume):
        with pytest.raises(InputError, match="is not a lake"):
            act()
    assert not lake.root.exists()

"""releases, diff, rollback, verify: on whole lakes, and on lakes that are damaged or full."""

import csv
import io

import pytest
from command_line import is_one_sentence, wardrobe
from lake_runs import numbers, publish, source
from small_disks import fill_up, small_disk

from flows.lake import Lake
from schemas.errors import InputError


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Two releases."""
    lake = Lake(tmp_path / "disk" / "lake")
    for last in (5, 6):
        publish(lake, source(numbers(1, last)))
    return lake


@pytest.mark.slow
def test_diff_counts_the_rows_that_differ(lake):
    older, newer = lake.releases()[::-1]
    done = wardrobe("diff", older.id, "current", "--format", "csv", lake=lake.root)
    rows = {row["table"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert [rows["images"][name] for name in ("added", "removed", "changed")] == ["1", "0", "0"]
    back = wardrobe("diff", newer.id, older.id, "--format", "csv", lake=lake.root)
    rows = {row["table"]: row for row in csv.DictReader(io.StringIO(back.stdout))}
    assert [rows["images"][name] for name in ("added", "removed", "changed")] == ["0", "1", "0"]
    same = wardrobe("diff", newer.id, "current", lake=lake.root)
    assert same.stdout == "the two releases hold the same rows\n"


def test_a_rollback_holds_until_resume(lake):
    older, newer = lake.releases()[::-1]
    done = wardrobe("rollback", older.id, lake=lake.root)
    assert done.stdout.startswith(f"{older.id} is current; ingests are refused until ")
    assert lake.release().id == older.id
    rows = csv.DictReader(
        io.StringIO(wardrobe("releases", "--format", "csv", lake=lake.root).stdout)
    )
    assert [(row["release"], row["is"]) for row in rows] == [
        (newer.id, ""),
        (older.id, "current, rolled back to"),
    ]
    with pytest.raises(InputError, match="--resume"), lake.writing():
        pass
    done = wardrobe("rollback", "--resume", lake=lake.root)
    assert done.stdout == f"ingests publish again, on top of {older.id}\n"
    with lake.writing():
        pass
    assert is_one_sentence(wardrobe("rollback", lake=lake.root))


def test_keep_deletes_all_but_the_newest_releases(lake):
    publish(lake, source(numbers(1, 7)))
    newest, middle, oldest = lake.releases()
    done = wardrobe("releases", "--keep", 2, lake=lake.root)
    assert done.stdout.startswith(f"deleted {oldest.id}\nfreed ")
    assert [release.id for release in lake.releases()] == [newest.id, middle.id]
    assert wardrobe("releases", "--keep", 2, lake=lake.root).stdout == "nothing to delete\n"
    done = wardrobe("releases", "--delete", middle.id, lake=lake.root)
    assert done.stdout.startswith(f"deleted {middle.id}\n")
    assert [release.id for release in lake.releases()] == [newest.id]


def test_verify_ends_with_exit_code_1_when_a_file_differs(lake):
    (path,) = lake.release().files("images")[:1]
    assert wardrobe("verify", lake=lake.root).returncode == 0
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    done = wardrobe("verify", lake=lake.root)
    assert done.returncode == 1
    assert path.name in done.stdout


def test_a_current_that_points_nowhere_is_a_warning_and_the_releases_are_listed(lake):
    older, newer = lake.releases()[::-1]
    newer.path.rename(lake.root / "lost")
    done = wardrobe("releases", "--format", "csv", lake=lake.root)
    assert done.returncode == 0
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (row["release"], row["is"]) == (older.id, "")
    assert done.stderr.startswith(f"warning: {lake.root}/current points to releases/{newer.id}, ")
    assert done.stderr.endswith("`wardrobe rollback ID` makes another release current.\n")


def test_a_damaged_pin_is_a_warning_too(lake):
    (lake.root / "pinned").write_text("{")
    done = wardrobe("releases", lake=lake.root)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr.startswith(f"warning: {lake.root}/pinned is damaged")


def test_a_lake_without_release_is_an_error(lake):
    for release in lake.releases():
        release.path.rename(lake.root / release.id)
    done = wardrobe("releases", lake=lake.root)
    assert is_one_sentence(done)
    assert "which does not exist" in done.stderr


@pytest.mark.slow
def test_keeping_one_release_frees_space_on_a_full_disk(tmp_path):
    with small_disk(tmp_path / "disk"):
        lake = Lake(tmp_path / "disk" / "lake")
        for last in (5, 6):
            publish(lake, source(numbers(1, last)))
        older, newer = lake.releases()[::-1]
        fill_up(tmp_path / "disk")
        done = wardrobe("releases", "--keep", 1, lake=lake.root)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"deleted {older.id}\nfreed ")
        assert [release.id for release in lake.releases()] == [newer.id]

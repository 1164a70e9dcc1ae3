"""`wardrobe releases` on lakes that are damaged or full."""

import csv
import io

import pytest
from command_line import is_one_sentence, wardrobe
from small_disks import fill_up, small_disk
from small_lakes import numbers, publish, source

from flows.lake import Lake


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Two releases."""
    lake = Lake(tmp_path / "disk" / "lake")
    for last in (5, 6):
        publish(lake, source(numbers(1, last)))
    return lake


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


def test_where_there_is_no_release_it_is_an_error(lake):
    for release in lake.releases():
        release.path.rename(lake.root / release.id)
    done = wardrobe("releases", lake=lake.root)
    assert is_one_sentence(done)
    assert "which does not exist" in done.stderr


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

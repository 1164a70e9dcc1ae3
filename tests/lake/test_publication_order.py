"""Which release is newest, whatever the clock says, and what a publication that failed says."""

import datetime as real
import errno
import os
from pathlib import Path

import pytest
from lake_runs import fill, numbers, publish, source

from flows.lake import publish as steps
from flows.lake import staging
from schemas.errors import InputError


@pytest.fixture
def clock(monkeypatch):
    """A clock to set: `clock.now = 14` makes it 14 o'clock."""

    class Clock(real.datetime):
        @classmethod
        def now(cls, tz=None):
            return real.datetime(2026, 11, 21, Clock.hour_now, tzinfo=tz)

    Clock.hour_now = 12
    monkeypatch.setattr(staging, "datetime", Clock)
    return Clock


def ids(lake):
    return [release.id for release in lake.releases()]


def test_after_a_clock_was_set_back_the_newest_releases_are_kept(lake, clock):
    made = []
    for hour in (12, 13, 9, 10):
        clock.hour_now = hour
        made.append(publish(lake, source(numbers(1, hour))).id)
    assert ids(lake) == made[::-1]
    assert made == sorted(made)
    assert lake.release().manifest.created.hour == 10
    lake.delete_all_but(2)
    assert ids(lake) == [made[3], made[2]]


def test_a_damaged_release_is_not_deleted_for_being_old_and_not_counted(lake):
    made = [publish(lake, source(numbers(1, 5 + number))) for number in range(4)]
    for release in (made[0], made[2]):
        (release.path / "manifest.json").chmod(0o644)
        (release.path / "manifest.json").write_text("{")
    assert lake.delete_all_but(2).releases == ()
    assert lake.delete_all_but(1).releases == (made[1].id,)
    assert lake.delete(made[0].id).releases == (made[0].id,)


def test_everything_is_synced_to_the_disk_before_the_step_that_relies_on_it(lake, monkeypatch):
    """A power cut keeps synced files and names alone, in any order."""
    steps: list[tuple[str, str]] = []
    sync, rename, replace = os.fsync, Path.rename, Path.replace

    def log(step: str, path: Path | str) -> None:
        steps.append((step, str(path).removeprefix(f"{lake.root}/")))

    def logged_sync(handle: int) -> None:
        log("sync", Path(f"/proc/self/fd/{handle}").readlink())
        sync(handle)

    def logged_rename(path: Path, target: Path) -> None:
        log("rename", path)
        rename(path, target)

    def logged_replace(path: Path, target: Path) -> None:
        log("replace", target)
        replace(path, target)

    monkeypatch.setattr(os, "fsync", logged_sync)
    monkeypatch.setattr(Path, "rename", logged_rename)
    monkeypatch.setattr(Path, "replace", logged_replace)
    with lake.writing() as staging:
        fill(staging, source(numbers(1, 5)))
        folder = staging.folder.relative_to(lake.root).as_posix()
        release = staging.publish()

    renamed, swapped = steps.index(("rename", folder)), steps.index(("replace", "current"))
    for record in release.manifest.files:
        written = steps.index(("replace", f"{folder}/{record.path}"))
        (before,) = [
            number
            for number, (step, path) in enumerate(steps[:written])
            if step == "sync" and Path(path).parent == Path(folder, record.path).parent
            and Path(path).name.startswith(f".{Path(record.path).name}.")
        ]  # fmt: skip
        assert before < written
        for parent in Path(folder, record.path).parents[:-2]:
            assert ("sync", str(parent)) in steps[written:renamed]
    assert ("sync", "releases") in steps[renamed:swapped]
    assert ("sync", str(lake.root)) in steps[swapped:]


LAST_STEPS = [
    (Path, "rename", "nothing was published and the current release is whole", False),
    (steps, "sync_folder", "is complete, but not current until the next", True),
    (Path, "symlink_to", "is complete, but not current until the next", True),
    (Path, "replace", "is complete, but not current until the next", True),
    (Path, "unlink", "was published before that and is the current release", True),
]


# Before the last steps an error that is not about room may be one of the source.
FAILURES = [
    *((errno.ENOSPC, "is full", *step) for step in LAST_STEPS),
    *((errno.EIO, "failed", *step) for step in LAST_STEPS[1:]),
]


@pytest.mark.parametrize(("number", "what", "owner", "name", "outcome", "published"), FAILURES)
def test_a_disk_that_fails_in_the_last_steps_says_whether_the_release_was_published(
    lake, monkeypatch, number, what, owner, name, outcome, published
):
    first = publish(lake, source(numbers(1, 5)))
    plain, begun = getattr(owner, name), lake.root / "publishing"

    def full(path, *more, **options):
        on = Path(more[0] if name in ("rename", "replace") else path)
        expected = {
            "rename": on.parent.name == "releases",
            "sync_folder": on.name == "releases",
            "symlink_to": on.name == "current.next",
            "replace": on.name == "current",
            "unlink": on.name == "publishing" and begun.exists(),
        }
        if expected[name]:
            raise OSError(number, os.strerror(number), str(path))
        return plain(path, *more, **options)

    monkeypatch.setattr(owner, name, full)
    with pytest.raises(InputError, match=f"the disk {what}") as caught:
        publish(lake, source(numbers(1, 6)))
    monkeypatch.undo()
    assert outcome in str(caught.value)
    assert ("nothing was published" in str(caught.value)) != published
    assert (lake.release().id == first.id) == ("is the current release" not in outcome)
    with lake.writing():
        pass
    assert (lake.release().id != first.id) == published
    assert len(lake.releases()) == 1 + published
    assert lake.verify() == []

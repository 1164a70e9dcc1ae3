"""Kill whole ingests at random instants, and look at what is left each time."""

import itertools
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from whole_ingests import Trial, require_end, require_nothing_left, require_whole, start_wardrobe

from flows.lake import Lake
from flows.lake.publish import remove_tree

ORPHANS_LEAVE_WITHIN = 5.0
"""Seconds; they look for their parent four times a second, on a machine that may be busy."""


class Kill(NamedTuple):
    """One try: from a lake with a release or from none, the whole group or only the parent."""

    with_release: bool
    whole_group: bool
    after: float
    stage: str


def seconds_of_a_run(trial: Trial, folder: Path) -> float:
    """How long a run holds the lock: the time a kill has to hit."""
    lake = trial.fresh_lake(folder / "timed")
    process = _started(trial, lake)
    since = time.monotonic()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return time.monotonic() - since


def survive_kills(
    trial: Trial, folder: Path, *, kills: int, seed: int = 0, longest: float | None = None
) -> list[Kill]:
    """Kill so many runs, each at another instant of its work; AssertionError at the first harm.

    `longest` is the seconds of work within which a run is killed; measured when it is None.
    """
    chance = random.Random(seed)
    longest = longest or seconds_of_a_run(trial, folder)
    done: list[Kill] = []
    for number in itertools.count():
        if len(done) == kills:
            return done
        root = folder / f"killed-{number}"
        with_release, whole_group = number % 4 != 3, number % 2 == 0
        lake = trial.fresh_lake(root) if with_release else Lake(root)
        after = chance.uniform(0, longest)
        process = _started(trial, lake)
        time.sleep(after)
        died = _kill(process, whole_group)
        # A run that was over before is not a kill; the machine's load changes how long runs take.
        longest *= 1.02 if died else 0.9
        stage = _stage(lake)
        try:
            if _look(trial, lake, with_release):
                stage = "published"
            # At once, while orphans may still be there.
            require_end(trial, lake, releases=2 if with_release else 1)
            _require_no_orphans(process.pid)
            require_whole(lake, trial.ends)
            require_nothing_left(lake)
        except Exception as error:
            error.add_note(f"try {number}, killed after {after:.3f} s ({stage}): {lake.root}")
            raise
        if died:
            done.append(Kill(with_release, whole_group, after, stage))
        remove_tree(root)
    raise AssertionError("counting never ends")


def _stage(lake: Lake) -> str:
    """How far a killed run had come, by the content of its staging folder."""
    for stage, trace in (
        ("sealed", "*/manifest.json"),
        ("derived", "*/statistics/*.parquet"),
        ("built", "*/items/*/*/*.parquet"),
    ):
        if next((lake.root / "staging").glob(trace), None):
            return stage
    return "planned"


def _started(trial: Trial, lake: Lake):
    """A run that has taken the lock, so that kills hit its work and not its imports."""
    process = start_wardrobe(
        "ingest", "deepfashion2", trial.source, "--lake", lake.root, "--workers", 2
    )
    lock = lake.root / "lock"
    while process.poll() is None and not (lock.exists() and lock.stat().st_size):
        time.sleep(0.001)
    return process


def _kill(process, whole_group: bool) -> bool:
    with suppress(ProcessLookupError):
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


def _look(trial: Trial, lake: Lake, with_release: bool) -> bool:
    """The release is the old one, whole, or the new one, whole; whether it is the new one."""
    if not with_release and not (lake.root / "current").is_symlink():
        return False
    require_whole(lake, trial.ends, *([trial.began] if with_release else []))
    return lake.release().manifest.content == trial.ends


def _require_no_orphans(group: int) -> None:
    until = time.monotonic() + ORPHANS_LEAVE_WITHIN
    while time.monotonic() < until:
        if not _members(group):
            return
        time.sleep(0.05)
    raise AssertionError(f"processes of a killed run live on: {_members(group)}")


def _members(group: int) -> list[int]:
    """Living processes of a group; zombies that nobody collects do not count."""
    members = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                members.append(int(path.parent.name))
    return members

"""Small disks in memory, where they can be mounted, and lakes on them that run out of room."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from command_line import wardrobe
from whole_ingests import (
    Trial,
    require_end,
    require_nothing_left,
    require_whole,
)

LARGE = "200m"


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A disk in memory at a place; skips with a word where none may be mounted."""
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs", place]
    made = subprocess.run(mount, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no right to mount a small disk here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def remount(place: Path, options: str) -> None:
    """Change a mounted disk: `size=300k`, `ro`, `rw`."""
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


def _used(place: Path) -> int:
    done = subprocess.run(["du", "-sk", place], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])


def survive_full_disks(
    trial: Trial, place: Path, *, rooms: list[int], workers: int = 2
) -> dict[int, bool]:
    """Ingest with so many kB of room, one after another: by room, whether it sufficed."""
    sufficed = {}
    for room in rooms:
        with small_disk(place / f"disk-{room}"):
            disk = place / f"disk-{room}"
            lake = trial.fresh_lake(disk / "lake")
            remount(disk, f"size={_used(disk) + room}k")
            words = ("ingest", "deepfashion2", trial.source, "--workers", workers)
            done = wardrobe(*words, lake=lake.root)
            sufficed[room] = done.returncode == 0
            if not sufficed[room]:
                assert done.returncode == 2, done.stderr
                assert "the disk is full" in done.stderr, done.stderr
                assert "nothing was published" in done.stderr
                assert done.stderr.count("\n") == 1, done.stderr
                require_whole(lake, trial.began)
                require_nothing_left(lake)
            remount(disk, f"size={LARGE}")
            require_end(trial, lake)
    return sufficed


def fill_up(place: Path) -> None:
    """Write a file until nothing more fits on the disk."""
    with (place / "ballast").open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass

"""Copies of a lake with one file damaged, in every way that a disk or a person does it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from flows.lake import Lake

MANIFEST = "manifest.json"


def copy_of(lake: Path, to: Path) -> Path:
    """A lake of its own that may be written to."""
    shutil.copytree(lake, to, symlinks=True)
    for path in to.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    return to


def _with_bytes(change: Callable[[bytearray], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)

    return damage


def _flip(first: int, last: int) -> Callable[[bytearray], object]:
    """Flip bits between two places, of which negative ones count from the end."""

    def change(data: bytearray) -> None:
        for place in range(*slice(first, last).indices(len(data))):
            data[place] ^= 0x55

    return change


def _garble_footer(data: bytearray) -> None:
    length = min(int.from_bytes(data[-8:-4], "little"), len(data) - 8)
    for place in range(len(data) - 8 - length, len(data) - 8, 7):
        data[place] ^= 0x55


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_a_file_that_fails(path: Path) -> None:
    """A file that opens and gives an input/output error (EIO) when it is read."""
    path.unlink()
    path.symlink_to("/proc/self/mem")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "cut off": _with_bytes(lambda data: data.__delitem__(slice(len(data) // 2, None))),
    "cut to three bytes": _with_bytes(lambda data: data.__delitem__(slice(3, None))),
    "empty": _with_bytes(lambda data: data.clear()),
    "footer garbled": _with_bytes(_garble_footer),
    "pages garbled": _with_bytes(_flip(4, 2_000)),
    "length of the footer": _with_bytes(_flip(-8, -4)),
    "missing": Path.unlink,
    "a folder": _replace_by_folder,
    "an input/output error": _replace_by_a_file_that_fails,
}
"""What can happen to a file, by name."""


def damage_release(lake: Path, kind: str, *tables: str) -> list[Path]:
    """Damage all files of some tables of the current release, or its MANIFEST; their paths."""
    release = Lake(lake).release()
    manifest = release.path / MANIFEST
    files = [path for table in tables for path in release.files(table) if table != MANIFEST]
    damaged = files or [manifest]
    for path in damaged:
        DAMAGE[kind](path)
    return damaged

"""Older releases: what to keep, to delete, to go back to. Only for the holder of the lock."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from flows.lake.ownership import STAGING, is_plain_file, read_own_file
from flows.lake.publish import remove_tree, swap_current
from flows.release.manifest import MANIFEST, is_release_id
from flows.release.release import (
    RELEASES,
    Release,
    all_releases,
    current_release,
    find_release,
    is_folder,
)
from flows.storage.atomic import atomic_write
from schemas.errors import InputError

PINNED = "pinned"


class Pin(msgspec.Struct, frozen=True):
    """A rollback that holds: the release gone back to, and the one that was current before."""

    release: str
    instead_of: str


class Deleted(msgspec.Struct, frozen=True):
    """What deleting gave back: releases by id, and the files and bytes no other release shares."""

    releases: tuple[str, ...]
    files: int
    bytes: int


def pin_of(root: Path) -> Pin | None:
    """The rollback in force, if any."""
    try:
        pin = msgspec.json.decode(read_own_file(root / PINNED), type=Pin)
        if not (is_release_id(pin.release) and is_release_id(pin.instead_of)):
            raise msgspec.ValidationError("it does not name releases")
        return pin
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{root / PINNED} is damaged ({error}): `wardrobe rollback ID` writes it anew, "
            "--resume removes it."
        ) from error


def require_unpinned(root: Path) -> None:
    """InputError while a rollback is in force: nothing is published over it by accident."""
    if (pin := pin_of(root)) is not None:
        raise InputError(
            f"{root} was rolled back to {pin.release} (from {pin.instead_of}) and stays there: "
            "pass --resume to publish again, on top of it."
        )


def roll_back(root: Path, name: str) -> Release:
    """Make an older release current and keep it so until `resume`."""
    release = find_release(root, name)
    _ = release.manifest  # a damaged one is refused here
    now = _current_id(root)
    if now == release.id:
        raise InputError(f"{release.id} is the current release already: there is nothing to undo.")
    try:
        pin = pin_of(root)
    except InputError:
        pin = None
    instead_of = pin.instead_of if pin else now or release.id
    # The pin goes first: whoever writes next swaps `current` to it, should this process die here.
    with atomic_write(root / PINNED) as file:
        file.write(msgspec.json.encode(Pin(release.id, instead_of)))
    swap_current(root, release.id)
    return release


def finish_rollback(root: Path) -> None:
    """Swap `current` to a pinned release, where a rollback was interrupted before that."""
    try:
        pin = pin_of(root)
    except InputError:
        return
    if pin and pin.release != _current_id(root) and is_folder(root / RELEASES / pin.release):
        swap_current(root, pin.release)


def resume(root: Path) -> None:
    """Let ingests publish again, on top of the release gone back to."""
    (root / PINNED).unlink(missing_ok=True)


def delete(root: Path, name: str) -> Deleted:
    """Delete one release; InputError for the current one and for one a rollback may return to."""
    release = find_release(root, name)
    if release.id == _current_id(root):
        raise InputError(
            f"{release.id} is the current release and stays: "
            "publish or `wardrobe rollback` to another one first."
        )
    if release.id in _needed(root):
        raise InputError(
            f"{release.id} is what the lake was rolled back from: `--resume` first gives it up."
        )
    if not is_plain_file(release.path / MANIFEST):
        raise InputError(
            f"{release.path} has no {MANIFEST}, so nothing says that it is a release: look into "
            "it and remove it by hand."
        )
    return _remove(root, [release])


def keep(root: Path, count: int) -> Deleted:
    """Delete all but the newest `count` releases; the current one stays whatever its age.

    A release whose manifest cannot be read stays and is not counted: `delete` takes it by name.
    """
    if count < 1:
        raise InputError(f"--keep {count} would leave no release: it takes a number from 1.")
    needed = _needed(root)
    readable = [release for release in all_releases(root) if release.is_readable()]
    return _remove(root, [release for release in readable[count:] if release.id not in needed])


def _needed(root: Path) -> set[str]:
    pin = pin_of(root)
    held = {pin.release, pin.instead_of} if pin else set()
    return held | {_current_id(root) or ""}


def _current_id(root: Path) -> str | None:
    try:
        release = current_release(root)
    except InputError:  # it points nowhere: a rollback is what mends that
        return None
    return None if release is None else release.id


def _remove(root: Path, releases: Iterable[Release]) -> Deleted:
    ids, files, size = [], 0, 0
    for release in releases:
        for path in _files(release.path):
            facts = path.lstat()
            if facts.st_nlink == 1:
                files, size = files + 1, size + facts.st_size
        # Out of `releases` in one rename, so that nobody ever meets half of it.
        release.path.chmod(0o755)
        leaving = root / STAGING / release.id
        release.path.rename(leaving)
        remove_tree(leaving)
        ids.append(release.id)
    return Deleted(tuple(ids), files, size)


def _files(folder: Path) -> Iterable[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)

"""Rollbacks and deletion of releases: a lake's folder comes in; only for the holder of the lock."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from flows.lake.ownership import PINNED, STAGING
from flows.lake.publish import remove_tree, swap_current
from flows.release.manifest import JSON_ERRORS, is_release_id
from flows.release.release import Release
from flows.release.resolve import RELEASES, current_release, is_folder, read_plain_file
from flows.storage.atomic import atomic_write
from schemas.errors import InputError


class RollbackPin(msgspec.Struct, frozen=True):
    """A rollback in force: the release that is current, and the one that was before it."""

    release: str
    instead_of: str


class Deleted(msgspec.Struct, frozen=True):
    """What deleting freed: releases by id, and the files and bytes no other release shares."""

    releases: tuple[str, ...]
    files: int
    bytes: int


def read_pin(root: Path) -> RollbackPin | None:
    """The rollback in force, if any; InputError when the file is damaged."""
    try:
        pin = msgspec.json.decode(read_plain_file(root / PINNED), type=RollbackPin)
        if not (is_release_id(pin.release) and is_release_id(pin.instead_of)):
            raise msgspec.ValidationError("it does not name releases")
        return pin
    except FileNotFoundError:
        return None
    except JSON_ERRORS as error:
        raise InputError(
            f"{root / PINNED} is damaged ({error}): `wardrobe rollback ID` writes it again, "
            "--resume removes it."
        ) from error


def require_unpinned(root: Path) -> None:
    """InputError while a rollback is in force: nothing is published over it by accident."""
    if (pin := read_pin(root)) is not None:
        raise InputError(
            f"{root} was rolled back to {pin.release} (from {pin.instead_of}) and stays there: "
            "pass --resume to publish again, on top of it."
        )


def roll_back(root: Path, release: Release) -> None:
    """Make a release current and write the pin; a rollback of a rollback keeps its origin."""
    try:
        pin = read_pin(root)
    except InputError:
        pin = None
    instead_of = pin.instead_of if pin else current_id(root) or release.id
    # The pin goes first: the next writer swaps `current` to it, should this process die here.
    with atomic_write(root / PINNED) as file:
        file.write(msgspec.json.encode(RollbackPin(release.id, instead_of)))
    swap_current(root, release.id)


def finish_rollback(root: Path) -> None:
    """Swap `current` to a pinned release, where a rollback was interrupted before that."""
    try:
        pin = read_pin(root)
    except InputError:
        return
    if pin and pin.release != current_id(root) and is_folder(root / RELEASES / pin.release):
        swap_current(root, pin.release)


def current_id(root: Path) -> str | None:
    """The id of the current release; None also where `current` points nowhere."""
    try:
        release = current_release(root)
    except InputError:  # a rollback repairs that
        return None
    return None if release is None else release.id


def protected_ids(root: Path) -> set[str]:
    """The releases that may not be deleted: the current one, and both of a rollback."""
    pin = read_pin(root)
    ids = {current_id(root), *((pin.release, pin.instead_of) if pin else ())}
    return {id for id in ids if id}


def delete_releases(root: Path, releases: Iterable[Release]) -> Deleted:
    """Remove the folders of these releases."""
    ids, files, size = [], 0, 0
    for release in releases:
        for path in release.path.rglob("*"):
            status = path.lstat()
            if status.st_nlink == 1 and not is_folder(path):
                files, size = files + 1, size + status.st_size
        remove_tree(release.path, root / STAGING)
        ids.append(release.id)
    return Deleted(tuple(ids), files, size)

"""A lake: its folder comes in; releases to read go out, and one writer at a time makes the next."""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from flows.lake.disk_errors import disk_errors_as_input_errors
from flows.lake.fingerprint_cache import with_cached_fingerprints
from flows.lake.lock import ignore_full_disk, require_file_locks, writer_lock
from flows.lake.ownership import PINNED, STAGING, STAGING_MARKER, is_lake, make_lake
from flows.lake.publish import clean, recover, remove_tree, swap_current
from flows.lake.staging import Staging
from flows.release.manifest import JSON_ERRORS, MANIFEST, is_release_id
from flows.release.release import Release
from flows.release.resolve import (
    RELEASES,
    all_releases,
    current_release,
    find_release,
    is_folder,
    is_plain_file,
    read_plain_file,
    require_local_path,
    require_utf8,
)
from flows.release.verify import Problem, verify
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


class Lake:
    """The folder that holds releases, by path. Reading makes nothing and locks nothing.

    Raises InputError for an address (s3://...) and for a path that is not UTF-8.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        require_local_path(root)
        self.root = require_utf8(Path(root).absolute())

    def release(self, name: str | None = None) -> Release:
        """The current release, resolved once, or the one whose id starts with `name`.

        InputError when there is none, naming the nearest, and for a lake of a newer format.
        """
        return find_release(self.root, name)

    def releases(self) -> list[Release]:
        """Every release, newest first; none in a folder that is not a lake yet."""
        return all_releases(self.root)

    def parent(self) -> Release | None:
        """What the next release will build on, to plan with; None in a new lake. Takes no lock."""
        release = current_release(self.root)
        return None if release is None else with_cached_fingerprints(self.root, release)

    @contextmanager
    def writing(
        self,
        *,
        wait: bool | float = False,
        waiting: Callable[[str], None] | None = None,
        resume: bool = False,
    ) -> Iterator[Staging]:
        """Hold the lock and stage the next release; what is not published at the end is removed.

        Makes the lake when there is none. LakeBusy names another writer, unless `wait` (True, or
        seconds) outlasts it; `waiting` gets the name once. What a dead run left is finished or
        cleaned first. InputError after a rollback, unless it is to `resume`. A full or read-only
        disk is an InputError too, which says whether the release was published before it.
        """
        with self._locked(wait=wait, waiting=waiting):
            if resume:
                (self.root / PINNED).unlink(missing_ok=True)
            if pin := self.pin:
                raise InputError(
                    f"{self.root} was rolled back to {pin.release} (from {pin.instead_of}) and "
                    "stays there: pass --resume to publish again, on top of it."
                )
            # A new name, or a worker that outlived an earlier run would find its folder again.
            run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
            folder = self.root / STAGING / run
            folder.mkdir()
            try:
                (folder / STAGING_MARKER).touch()
                yield Staging(self.root, folder, self.parent())
            finally:
                if folder.is_dir():
                    # A disk that fails now must not hide why the run failed; the next one cleans.
                    with suppress(OSError):
                        remove_tree(folder)

    def rollback(self, name: str) -> Release:
        """Make an older release current; ingests are refused from then on, until `resume`."""
        with self._locked_existing():
            release = find_release(self.root, name)
            _ = release.manifest  # a damaged one is refused here
            current = self._current_id()
            if release.id == current:
                raise InputError(
                    f"{release.id} is the current release already: there is nothing to undo."
                )
            instead_of = current or release.id
            # A rollback of a rollback keeps its origin; a damaged pin is written again.
            with suppress(InputError):
                if pin := self.pin:
                    instead_of = pin.instead_of
            # The pin goes first: the next writer swaps `current` to it, should this one die here.
            with atomic_write(self.root / PINNED) as file:
                file.write(msgspec.json.encode(RollbackPin(release.id, instead_of)))
            swap_current(self.root, release.id)
            return release

    def resume(self) -> None:
        """Let ingests publish again after a rollback, on top of the current release."""
        with self._locked_existing():
            (self.root / PINNED).unlink(missing_ok=True)

    @property
    def pin(self) -> RollbackPin | None:
        """The rollback in force, if any; InputError when the file is damaged."""
        path = self.root / PINNED
        try:
            pin = msgspec.json.decode(read_plain_file(path), type=RollbackPin)
            if not (is_release_id(pin.release) and is_release_id(pin.instead_of)):
                raise msgspec.ValidationError("it does not name releases")
            return pin
        except FileNotFoundError:
            return None
        except JSON_ERRORS as error:
            raise InputError(
                f"{path} is damaged ({error}): `wardrobe rollback ID` writes it again, "
                "--resume removes it."
            ) from error

    def delete(self, name: str) -> Deleted:
        """Delete one release; InputError for the current one and those of a rollback in force."""
        with self._locked_existing(frees_space=True):
            release = find_release(self.root, name)
            if release.id == self._current_id():
                raise InputError(
                    f"{release.id} is the current release and stays: "
                    "publish or `wardrobe rollback` to another one first."
                )
            if release.id in self._protected_ids():
                raise InputError(
                    f"the lake was rolled back from {release.id}: pass --resume first to give "
                    "it up."
                )
            if not is_plain_file(release.path / MANIFEST):
                raise InputError(
                    f"{release.path} has no {MANIFEST}, so it may not be a release: look into it "
                    "and remove it by hand."
                )
            return self._delete([release])

    def delete_all_but(self, count: int) -> Deleted:
        """Delete all but the newest `count` releases; the current one stays whatever its age.

        A release whose manifest cannot be read stays and is not counted: `delete` takes it by name.
        """
        with self._locked_existing(frees_space=True):
            if count < 1:
                raise InputError(f"--keep {count} would leave no release: give a number from 1.")
            protected = self._protected_ids()
            older = [release for release in self.releases() if release.is_readable()][count:]
            return self._delete(release for release in older if release.id not in protected)

    def _current_id(self) -> str | None:
        """The id of the current release; None also where `current` points nowhere."""
        try:
            release = current_release(self.root)
        except InputError:  # a rollback repairs that
            return None
        return release.id if release else None

    def _protected_ids(self) -> set[str | None]:
        """The releases that may not be deleted: the current one, and both of a rollback."""
        pin = self.pin
        return {self._current_id(), *((pin.release, pin.instead_of) if pin else ())}

    def _delete(self, releases: Iterable[Release]) -> Deleted:
        ids, files, size = [], 0, 0
        for release in releases:
            for path in release.path.rglob("*"):
                status = path.lstat()
                if status.st_nlink == 1 and not is_folder(path):
                    files, size = files + 1, size + status.st_size
            remove_tree(release.path, self.root / STAGING)
            ids.append(release.id)
        return Deleted(tuple(ids), files, size)

    def verify(self, name: str | None = None) -> list[Problem]:
        """Compare a release with its manifest, byte for byte; empty when it is whole."""
        return verify(self.release(name))

    @contextmanager
    def _locked_existing(self, *, frees_space: bool = False) -> Iterator[None]:
        """The lock of a lake that exists; a command that frees space needs none to begin."""
        if not is_lake(self.root):
            find_release(self.root)
            raise InputError(f"{self.root} has no release with a manifest that can be read.")
        with self._locked(frees_space=frees_space):
            yield

    @contextmanager
    def _locked(
        self,
        *,
        wait: bool | float = False,
        waiting: Callable[[str], None] | None = None,
        frees_space: bool = False,
    ) -> Iterator[None]:
        require_file_locks()
        with disk_errors_as_input_errors(self.root):
            with ignore_full_disk(frees_space):
                make_lake(self.root)
            with writer_lock(self.root, wait=wait, waiting=waiting):
                clean(self.root)
                with ignore_full_disk(frees_space):
                    recover(self.root)
                    self._finish_rollback()
                with disk_errors_as_input_errors(self.root):
                    yield

    def _finish_rollback(self) -> None:
        """Swap `current` to a pinned release, where a rollback was interrupted before that."""
        with suppress(InputError):
            pin = self.pin
            if not pin or pin.release == self._current_id():
                return
            if is_folder(self.root / RELEASES / pin.release):
                swap_current(self.root, pin.release)

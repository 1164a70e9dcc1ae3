"""The releases of a lake, wherever it is: to read, to roll back to, to delete.

In: the place of a lake. Out: its releases; what two kinds of lakes do alike.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

import msgspec

from flows.lake.fingerprint_cache import with_cached_fingerprints
from flows.lake.lock import Holder
from flows.lake.staging import Staging
from flows.release.manifest import MANIFEST
from flows.release.release import Release
from flows.release.resolve import all_releases, current_release, find_release, is_plain_file
from flows.release.verify import Problem, verify
from flows.storage.place import Place
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


class LakeReleases(ABC):
    """The releases of a lake at `root`. Reading makes nothing and locks nothing."""

    root: Place

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

    @abstractmethod
    def require_place(self) -> None:
        """Raise InputError for a place that is not a lake and cannot become one."""

    @abstractmethod
    def writer(self) -> Holder | None:
        """Who writes the lake: at work, or killed before it could remove its name."""

    @abstractmethod
    def writing(
        self,
        *,
        wait: bool | float = False,
        waiting: Callable[[str], None] | None = None,
        resume: bool = False,
    ) -> AbstractContextManager[Staging]:
        """Stage the next release while inside; what is not published at the end is removed.

        Makes the lake when there is none. LakeBusy names another writer, unless `wait` (True, or
        seconds) outlasts it; `waiting` gets the name once. What a dead run left is finished or
        cleaned first. InputError after a rollback, unless it is to `resume`.
        """

    @abstractmethod
    def rollback(self, name: str) -> Release:
        """Make an older release current; ingests are refused from then on, until `resume`."""

    @abstractmethod
    def resume(self) -> None:
        """Let ingests publish again after a rollback, on top of the current release."""

    @property
    @abstractmethod
    def pin(self) -> RollbackPin | None:
        """The rollback in force, if any; InputError when it cannot be read."""

    def _require_no_rollback(self, pin: RollbackPin | None) -> None:
        """Raise InputError for a writer while a rollback is in force."""
        if pin:
            raise InputError(
                f"{self.root} was rolled back to {pin.release} (from {pin.instead_of}) and "
                "stays there: pass --resume to publish again, on top of it."
            )

    @abstractmethod
    def _deleting(self) -> AbstractContextManager[None]:
        """Hold what a deletion needs, of a lake that exists."""

    @abstractmethod
    def _delete(self, releases: Iterable[Release]) -> Deleted: ...

    def delete(self, name: str) -> Deleted:
        """Delete one release; InputError for the current one and those of a rollback in force."""
        with self._deleting():
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
        with self._deleting():
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

    def verify(self, name: str | None = None) -> list[Problem]:
        """Compare a release with its manifest, byte for byte; empty when it is whole."""
        return verify(self.release(name))

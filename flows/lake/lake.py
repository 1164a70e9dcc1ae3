"""A lake: its folder comes in; releases to read go out, and one writer at a time makes the next."""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from flows.lake.disk_errors import disk_errors_as_input_errors
from flows.lake.lock import (
    Holder,
    ignore_full_disk,
    recorded_holder,
    require_file_locks,
    writer_lock,
)
from flows.lake.ownership import PINNED, STAGING, STAGING_MARKER, is_lake, make_lake, require_place
from flows.lake.publish import clean, recover, remove_tree, swap_current
from flows.lake.releases import Deleted, LakeReleases, RollbackPin
from flows.lake.staging import Staging
from flows.release.manifest import JSON_ERRORS, is_release_id
from flows.release.release import Release
from flows.release.resolve import (
    RELEASES,
    find_release,
    is_folder,
    read_plain_file,
    require_local_path,
    require_utf8,
)
from flows.storage.atomic import atomic_write
from schemas.errors import InputError


class Lake(LakeReleases):
    """A folder that holds releases, by path.

    Raises InputError for an address (s3://...) and for a path that is not UTF-8.
    """

    root: Path

    def __init__(self, root: str | os.PathLike[str]) -> None:
        require_local_path(root)
        self.root = require_utf8(Path(root).absolute())

    def require_place(self) -> None:
        """Raise InputError for a folder that is not a lake and cannot become one."""
        require_place(self.root)

    def writer(self) -> Holder | None:
        """The writer that the lock names: at work, or killed before it could remove its name."""
        return recorded_holder(self.root)

    @contextmanager
    def writing(
        self,
        *,
        wait: bool | float = False,
        waiting: Callable[[str], None] | None = None,
        resume: bool = False,
    ) -> Iterator[Staging]:
        """As declared, while the lock is held.

        A full or read-only disk is an InputError too, which says whether the release was published
        before it.
        """
        with self._locked(wait=wait, waiting=waiting):
            if resume:
                (self.root / PINNED).unlink(missing_ok=True)
            self._require_no_rollback(self.pin)
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

    def _delete(self, releases: Iterable[Release]) -> Deleted:
        ids, files, size = [], 0, 0
        for release in releases:
            folder = self.root / RELEASES / release.id
            for path in folder.rglob("*"):
                status = path.lstat()
                if status.st_nlink == 1 and not is_folder(path):
                    files, size = files + 1, size + status.st_size
            remove_tree(folder, self.root / STAGING)
            ids.append(release.id)
        return Deleted(tuple(ids), files, size)

    def _deleting(self) -> AbstractContextManager[None]:
        return self._locked_existing(frees_space=True)

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

"""A lake: releases to read, and one writer at a time to make the next one."""

import errno
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from flows.lake import history
from flows.lake.fingerprint_cache import SEEN, with_cached_fingerprints
from flows.lake.lock import NO_ROOM, Holder, claim, writer_lock
from flows.lake.ownership import STAGING, is_lake, make_lake, require_known_format
from flows.lake.publish import clean, publishing, recover, remove_tree
from flows.lake.staging import Staging
from flows.lake.verify import Problem, verify
from flows.release.release import CURRENT, RELEASES, Release, all_releases, current_release
from flows.release.release import find_release as find
from schemas.errors import InputError

NOT_PUBLISHED = "nothing was published and the current release is whole"


class Lake:
    """The folder that holds releases, by path. Reading makes nothing and locks nothing."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).absolute()

    def release(self, name: str | None = None) -> Release:
        """The release `current` means now, resolved once, or the one whose id starts with `name`.

        InputError when there is none, naming the nearest, and for a lake of a newer format.
        """
        require_known_format(self.root)
        return find(self.root, name)

    def releases(self) -> list[Release]:
        """Every release, newest first; none in a folder that is not a lake yet."""
        require_known_format(self.root)
        return all_releases(self.root)

    def parent(self) -> Release | None:
        """What the next release will build on, to plan with; None in a new lake. Takes no lock."""
        require_known_format(self.root)
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
        """Hold the lock and stage the next release; what is not published when it ends is removed.

        Makes the lake when there is none. LakeBusy names another writer, unless `wait` (True, or
        seconds) outlasts it; `waiting` is told so once. What a dead run left is finished or
        cleaned first. InputError after a rollback, unless it is to `resume`. A full or read-only
        disk ends as InputError too, which says whether the release was published before it.
        """
        with self._locked(wait=wait, waiting=waiting) as holder:
            if resume:
                history.resume(self.root)
            history.require_unpinned(self.root)
            # A name of its own, or an orphan of an earlier run would find its folder again.
            run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
            folder = self.root / STAGING / run
            folder.mkdir()
            try:
                claim(folder, holder)
                yield Staging(self.root, folder, self.parent())
            finally:
                if folder.is_dir():
                    # A disk that fails now must not hide why the run failed; the next one cleans.
                    with suppress(OSError):
                        remove_tree(folder)

    def rollback(self, name: str) -> Release:
        """Make an older release current; ingests are refused from then on, until `resume`."""
        with self._existing():
            return history.roll_back(self.root, name)

    def resume(self) -> None:
        """Let ingests publish again after a rollback, on top of the release gone back to."""
        with self._existing():
            history.resume(self.root)

    @property
    def pin(self) -> history.Pin | None:
        """The rollback in force, if any."""
        return history.pin_of(self.root)

    def delete(self, name: str) -> history.Deleted:
        """Delete one release, never the current one; says what no other release shared."""
        with self._existing(frees=True):
            return history.delete(self.root, name)

    def keep(self, count: int) -> history.Deleted:
        """Delete all but the newest `count` releases, never the current one."""
        with self._existing(frees=True):
            return history.keep(self.root, count)

    def verify(self, name: str | None = None, *, threads: int | None = None) -> list[Problem]:
        """Compare a release with its manifest, byte for byte; an empty list is good news."""
        return verify(self.release(name), threads=threads)

    @contextmanager
    def _existing(self, *, frees: bool = False) -> Iterator[None]:
        """The lock of a lake that is there already; what `frees` space needs none before."""
        if not is_lake(self.root):
            find(self.root)
            raise InputError(f"{self.root} has no release with a manifest that can be read.")
        with self._locked(frees=frees):
            yield

    @contextmanager
    def _locked(
        self,
        *,
        wait: bool | float = False,
        waiting: Callable[[str], None] | None = None,
        frees: bool = False,
    ) -> Iterator[Holder]:
        with _in_words(self.root):
            with _passing_over(NO_ROOM if frees else ()):
                make_lake(self.root)
            with writer_lock(self.root, wait=wait, waiting=waiting) as holder:
                clean(self.root, (SEEN, history.PINNED))
                with _passing_over(NO_ROOM if frees else ()):
                    recover(self.root)
                    history.finish_rollback(self.root)
                with _in_words(self.root):
                    yield holder


@contextmanager
def _passing_over(numbers: Collection[int]) -> Iterator[None]:
    """Leave a step for the next writer when the system refuses it for one of these reasons."""
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise


def _current(root: Path) -> str | None:
    with suppress(OSError):
        return (root / CURRENT).readlink().name
    return None


@contextmanager
def _in_words(root: Path) -> Iterator[None]:
    """Turn what a disk refuses into a sentence; other errors pass, those of a source among them."""
    before = _current(root)
    try:
        yield
    except OSError as error:
        path = str(error.filename or "")
        # Below a release it is damage of that release, which the command line describes.
        mine = path.startswith(str(root)) and not path.startswith(f"{root / RELEASES}{os.sep}")
        denied = error.errno in (errno.EACCES, errno.EPERM) and mine
        misplaced = error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR) and mine
        if error.errno in NO_ROOM:
            what, advice = "the disk is full", "make room"
        elif denied or error.errno == errno.EROFS:
            what, advice = "it may not be written", "give the right to write there"
        elif misplaced:
            what, advice = "there is a file in the way", "name another folder"
        elif _outcome(root, before) != NOT_PUBLISHED:
            # From there on a run reads no source: the error is one of the lake.
            what, advice = "the disk failed", "check the disk"
        else:
            raise
        raise InputError(
            f"the lake at {root} cannot be written: {what} ({error.strerror or error}); "
            f"{_outcome(root, before)}, so {advice}."
        ) from error


def _outcome(root: Path, before: str | None) -> str:
    """Whether the release was published, by what is there: its last step may fail too."""
    now = _current(root)
    if now is not None and now != before:
        return f"{now} was published before that and is the current release"
    if (begun := publishing(root)) is not None and begun != now:
        return f"{begun} is complete, but not current until the next command that writes the lake"
    return NOT_PUBLISHED

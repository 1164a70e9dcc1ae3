"""The last steps of a publication, each of which may be the last one a process makes.

Order: everything of the new release is on the disk; `publishing` names it; its folder is renamed
into `releases`; `current` is swapped; `publishing` goes. Whoever writes next finishes what it
finds begun: the folder was whole and checked before its first step.
"""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from flows.lake.lock import CLAIM
from flows.lake.ownership import REMOVED, STAGING, is_own_staging, read_own_file, unfinished_files
from flows.release.manifest import MANIFEST, is_release_id
from flows.release.release import CURRENT, RELEASES, is_folder
from flows.storage.atomic import atomic_write, sync_folder

PUBLISHING = "publishing"
_NEXT = "current.next"


def publish_folder(root: Path, staged: Path, release: str) -> Path:
    """Make a staged folder the current release; returns where it lies now."""
    protect(staged, top=False)
    sync_tree(staged)
    with atomic_write(root / PUBLISHING) as file:
        file.write(release.encode())
    target = root / RELEASES / release
    staged.rename(target)
    sync_folder(root / RELEASES)
    _finish(root, release)
    return target


def _finish(root: Path, release: str) -> None:
    # A read-only folder could not be renamed (its `..` changes), so the top is protected here.
    protect(root / RELEASES / release)
    swap_current(root, release)
    (root / PUBLISHING).unlink(missing_ok=True)


def swap_current(root: Path, release: str) -> None:
    """Point `current` to a release in one rename: readers see the old or the new one."""
    aside = root / _NEXT
    aside.unlink(missing_ok=True)
    aside.symlink_to(f"{RELEASES}/{release}")
    aside.replace(root / CURRENT)
    sync_folder(root)


def publishing(root: Path) -> str | None:
    """The release whose publication began and did not end, if it is among the releases."""
    with suppress(OSError, UnicodeDecodeError):
        name = read_own_file(root / PUBLISHING).decode()
        if is_release_id(name) and is_folder(root / RELEASES / name):
            return name
    return None


def clean(root: Path, files: tuple[str, ...]) -> None:
    """Remove what dead runs left in staging, and of these files; only for the lock's holder."""
    for path in (*unfinished_files(root, (PUBLISHING, *files)), root / _NEXT):
        path.unlink(missing_ok=True)
    for path in (root / STAGING).iterdir():
        if is_own_staging(path):
            remove_tree(path)


def recover(root: Path) -> None:
    """Finish an interrupted publication; only for the holder of the lock."""
    if (release := publishing(root)) is not None:
        _finish(root, release)
    (root / PUBLISHING).unlink(missing_ok=True)


def protect(folder: Path, *, top: bool = True) -> None:
    """Make files and folders read-only, which protects older releases that share the files."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            _forbid_writing(Path(place) / name)
        if top or Path(place) != folder:
            _forbid_writing(Path(place))


def _forbid_writing(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o222:
        path.chmod(mode & ~0o222)


def remove_tree(path: Path) -> None:
    """Remove a folder, read-only ones in it too; files keep their modes, which other links share.

    An orphaned worker may still write into it: the folder is renamed first, so that the worker's
    paths end, and what it wrote meanwhile is removed with the rest.
    """
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    gone = path.with_name(f"{REMOVED}{path.name.removeprefix(REMOVED)}")
    path.chmod(0o755)
    path.rename(gone)
    for place, _, _ in os.walk(gone):
        Path(place).chmod(0o755)
    # What marks the folder as the lake's own goes last, else a run killed here could not go on.
    for child in sorted(gone.iterdir(), key=lambda one: one.name in (CLAIM, MANIFEST)):
        if is_folder(child):
            shutil.rmtree(child)
        else:
            child.unlink()
    gone.rmdir()


def sync_tree(folder: Path) -> None:
    """Make all names below a folder survive a power cut; files were synced when written."""
    for place, _, _ in os.walk(folder):
        sync_folder(place)

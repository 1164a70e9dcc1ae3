"""Publication of a staged folder, in steps any of which may be the last that a process makes.

In: a staged folder with its manifest. Out: the current release. Order: everything of the new
release is on the disk; `publishing` names it; its folder is renamed into `releases`; `current` is
swapped; `publishing` is removed. The next writer finishes a publication that has begun: the folder
was whole and checked before its first step.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from flows.lake.ownership import (
    OWN_FILES,
    PUBLISHING,
    REMOVED,
    STAGING,
    STAGING_MARKER,
    is_own_staging,
)
from flows.release.manifest import MANIFEST, is_release_id
from flows.release.resolve import CURRENT, RELEASES, is_folder, read_plain_file
from flows.storage.atomic import PARTIAL_SUFFIX, atomic_write, sync_folder

_NEXT = "current.next"


def publish_folder(root: Path, staged: Path, release: str) -> Path:
    """Make a staged folder the current release; returns its new path."""
    for folder, _, names in os.walk(staged):
        for name in names:
            _forbid_writing(Path(folder) / name)
        # Names survive a power cut only when their folder is synced; files were when written.
        sync_folder(folder)
    with atomic_write(root / PUBLISHING) as file:
        file.write(release.encode())
    target = root / RELEASES / release
    staged.rename(target)
    sync_folder(root / RELEASES)
    _finish(root, release)
    return target


def _finish(root: Path, release: str) -> None:
    # After the rename, because a read-only folder cannot be renamed (its `..` changes).
    for folder, _, _ in os.walk(root / RELEASES / release, topdown=False):
        _forbid_writing(Path(folder))
    swap_current(root, release)
    (root / PUBLISHING).unlink(missing_ok=True)


def swap_current(root: Path, release: str) -> None:
    """Point `current` to a release in one rename: readers see the old or the new one."""
    following = root / _NEXT
    following.unlink(missing_ok=True)
    following.symlink_to(f"{RELEASES}/{release}")
    following.replace(root / CURRENT)
    sync_folder(root)


def publishing(root: Path) -> str | None:
    """The release whose publication began and did not end, if it is among the releases."""
    with suppress(OSError, UnicodeDecodeError):
        name = read_plain_file(root / PUBLISHING).decode()
        if is_release_id(name) and is_folder(root / RELEASES / name):
            return name
    return None


def clean(root: Path) -> None:
    """Remove what dead runs left of staging and of the lake's files; for the lock's holder."""
    for path in (path for name in OWN_FILES for path in root.glob(f".{name}.*{PARTIAL_SUFFIX}")):
        if path.is_symlink() or path.is_file():
            path.unlink()
    (root / _NEXT).unlink(missing_ok=True)
    for path in (root / STAGING).iterdir():
        if is_own_staging(path):
            remove_tree(path)


def recover(root: Path) -> None:
    """Finish an interrupted publication; only for the holder of the lock."""
    if (release := publishing(root)) is not None:
        _finish(root, release)
    (root / PUBLISHING).unlink(missing_ok=True)


def _forbid_writing(path: Path) -> None:
    """Make a file or folder read-only, which protects other releases that share the file."""
    mode = path.stat().st_mode & 0o7777
    if mode & 0o222:
        path.chmod(mode & ~0o222)


def remove_tree(path: Path, staging: Path | None = None) -> None:
    """Remove a folder, read-only ones in it too; files keep their modes, which other links share.

    The folder is renamed first (into `staging`): a reader never sees half of it, and a worker that
    outlived its run finds its path gone and stops.
    """
    if not is_folder(path):
        path.unlink(missing_ok=True)
        return
    renamed = (staging or path.parent) / f"{REMOVED}{path.name.removeprefix(REMOVED)}"
    path.chmod(0o755)
    path.rename(renamed)
    for folder, _, _ in os.walk(renamed):
        Path(folder).chmod(0o755)
    # What marks the folder as the lake's own goes last, so that a killed removal can be finished.
    markers = (STAGING_MARKER, MANIFEST)
    for child in sorted(renamed.iterdir(), key=lambda child: child.name in markers):
        if is_folder(child):
            shutil.rmtree(child)
        else:
            child.unlink()
    renamed.rmdir()

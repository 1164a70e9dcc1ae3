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

from flows.lake.release import CURRENT, RELEASES
from flows.storage.atomic import ASIDE, sync_folder, write_whole

STAGING = "staging"
PUBLISHING = "publishing"
_NEXT = "current.next"


def publish_folder(root: Path, staged: Path, release: str) -> Path:
    """Make a staged folder the current release; returns where it lies now."""
    protect(staged, top=False)
    sync_tree(staged)
    with write_whole(root / PUBLISHING) as file:
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


def recover(root: Path) -> None:
    """Finish an interrupted publication and clean staging; only for the holder of the lock."""
    with suppress(FileNotFoundError):
        release = (root / PUBLISHING).read_text()
        if release and (root / RELEASES / release).is_dir():
            _finish(root, release)
        (root / PUBLISHING).unlink(missing_ok=True)
    (root / _NEXT).unlink(missing_ok=True)
    for half in root.glob(f".*{ASIDE}"):
        half.unlink()
    for leftover in (root / STAGING).iterdir():
        remove_tree(leftover)


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
    gone = path.with_name(f".gone-{path.name.removeprefix('.gone-')}")
    path.chmod(0o755)
    path.rename(gone)
    for place, _, _ in os.walk(gone):
        Path(place).chmod(0o755)
    shutil.rmtree(gone)


def sync_tree(folder: Path) -> None:
    """Make all names below a folder survive a power cut; files were synced when written."""
    for place, _, _ in os.walk(folder):
        sync_folder(place)

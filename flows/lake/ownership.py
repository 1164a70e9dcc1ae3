"""What belongs to a lake: its marker `lake.json`, and the files and folders that it may delete.

In: a folder. Out: a lake, or an error that says why not. Links are never followed: their targets
belong to somebody else.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from flows.lake.lock import LOCK
from flows.release.manifest import MANIFEST, is_release_id
from flows.release.resolve import (
    CURRENT,
    LAKE_FILE,
    LAKE_FORMAT,
    RELEASES,
    LakeFile,
    all_releases,
    enclosing_lake,
    is_folder,
    is_plain_file,
    require_known_format,
)
from flows.storage.atomic import atomic_write
from flows.storage.place import Place
from schemas.errors import InputError

STAGING = "staging"
PUBLISHING = "publishing"
PINNED = "pinned"
SEEN = "seen.json"
SUCCEEDED = "succeeded.json"
FAILED = "failed.json"
OWN_FILES = (LAKE_FILE, PUBLISHING, PINNED, SEEN, SUCCEEDED, FAILED)
"""The files of a lake that are replaced whole; a process that dies leaves a partial file."""
STAGING_MARKER = ".staging"
"""An empty file in the folder of a run: the lake may remove the folder."""
REMOVED = ".gone-"
"""How the name of a folder begins while it is being removed."""


def is_lake(root: Place) -> bool:
    """Whether the folder is a lake: marked, or with a release from before `lake.json` existed."""
    return require_known_format(root) or any(
        release.is_readable() for release in all_releases(root)
    )


def require_place(root: Path) -> None:
    """Raise InputError for a folder that is not a lake and cannot become one."""
    if outer := enclosing_lake(root.parent):
        raise InputError(f"{root} is in the lake {outer}: give --lake a folder outside of it.")
    _require_own_entries(root)
    if root.is_dir() and not (is_lake(root) or _is_empty(root)):
        raise InputError(
            f"{root} holds other things and is not a lake: give --lake an empty folder or a "
            "path that does not exist."
        )


def make_lake(root: Path) -> None:
    """Make the folder a lake, or an older lake one of this format; InputError for another folder.

    `lake.json` is written before anything else, so a process that dies here leaves an empty folder
    or a lake.
    """
    require_place(root)
    root.mkdir(parents=True, exist_ok=True)
    if not require_known_format(root):
        data = msgspec.json.encode(LakeFile(LAKE_FORMAT, datetime.now(UTC)))
        try:
            with atomic_write(root / LAKE_FILE) as file:
                file.write(data + b"\n")
        except FileNotFoundError:
            # Another process made the lake at the same time and cleaned up this file.
            if not require_known_format(root):
                raise
    for name in (RELEASES, STAGING):
        (root / name).mkdir(exist_ok=True)


def _require_own_entries(root: Path) -> None:
    for name in (RELEASES, STAGING):
        if (root / name).is_symlink():
            raise InputError(
                f"{root / name} is a link, and a lake does not follow links: make it a folder."
            )
    if os.path.lexists(root / CURRENT) and not (root / CURRENT).is_symlink():
        raise InputError(
            f"{root / CURRENT} is not a link to a release: move it away, and `wardrobe rollback "
            "ID` makes a release current."
        )


def _is_empty(root: Path) -> bool:
    """No content but hidden files and the empty folders that a failed first run leaves."""
    names = {path.name for path in root.iterdir() if not path.name.startswith(".")}
    return names <= {RELEASES, STAGING, LOCK} and not any(
        is_folder(root / name) and any((root / name).iterdir()) for name in (RELEASES, STAGING)
    )


def is_own_staging(folder: Path) -> bool:
    """Whether an entry of `staging` is the lake's to remove.

    A link is. A folder is when it holds the marker of a run; when it is named like a run it also
    is with the manifest of a release, or empty, as a run leaves it that died in its first step.
    """
    if folder.is_symlink():
        return True
    if not is_folder(folder):
        return False
    if is_plain_file(folder / STAGING_MARKER):
        return True
    has_run_name = is_release_id(folder.name.removeprefix(REMOVED))
    return has_run_name and (is_plain_file(folder / MANIFEST) or not any(folder.iterdir()))

"""What belongs to a lake: the marker `lake.json`, and the files and folders it may delete.

In: a folder. Out: a lake, or one sentence why not. Links are never followed: what they point to
belongs to somebody else.
"""

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from flows.lake.lock import CLAIM, LOCK
from flows.release.manifest import MANIFEST, is_release_id
from flows.release.release import CURRENT, RELEASES, all_releases, is_folder
from flows.storage.atomic import PARTIAL_SUFFIX, atomic_write
from schemas.errors import InputError

LAKE_FILE = "lake.json"
LAKE_FORMAT = 1
STAGING = "staging"
REMOVED = ".gone-"
"""How the name of a folder begins while it is being removed."""


class _LakeFile(msgspec.Struct, frozen=True):
    format: int
    created: datetime


class _FormatOnly(msgspec.Struct):
    format: int


def require_known_format(root: Path) -> bool:
    """Whether `lake.json` exists; InputError when it is damaged or of a newer format."""
    path = root / LAKE_FILE
    try:
        data = read_own_file(path)
        number = msgspec.json.decode(data, type=_FormatOnly).format
        if number > LAKE_FORMAT:
            raise InputError(
                f"{root} is a lake of format {number}, this version knows {LAKE_FORMAT}: "
                "use a newer wardrobe."
            )
        msgspec.json.decode(data, type=_LakeFile)
    except FileNotFoundError:
        return False
    except NotADirectoryError as error:
        raise InputError(f"{root} is a file, not a folder: name the folder of a lake.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is damaged or not of a lake ({error}): if {root} is a lake, remove the file "
            "and the next ingest writes it again."
        ) from error
    return True


def is_lake(root: Path) -> bool:
    """Whether the folder is a lake: marked, or of the time before `lake.json`, with a release."""
    return require_known_format(root) or any(one.is_readable() for one in all_releases(root))


def make_lake(root: Path) -> None:
    """Make the folder a lake, or an older lake one of this format; InputError for another folder.

    `lake.json` is written before anything else, so a process that dies here leaves an empty folder
    or a lake.
    """
    root.mkdir(parents=True, exist_ok=True)
    _require_own_places(root)
    if not require_known_format(root):
        if not (_is_empty(root) or is_lake(root)):
            raise InputError(
                f"{root} holds other things and is not a lake: give --lake an empty folder or a "
                "path that does not exist."
            )
        data = msgspec.json.encode(_LakeFile(LAKE_FORMAT, datetime.now(UTC)))
        try:
            with atomic_write(root / LAKE_FILE) as file:
                file.write(data + b"\n")
        except FileNotFoundError:
            # Another process made the lake at the same time and cleaned up this file.
            if not require_known_format(root):
                raise
    for name in (RELEASES, STAGING):
        (root / name).mkdir(exist_ok=True)


def _require_own_places(root: Path) -> None:
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


def read_own_file(path: Path) -> bytes:
    """The bytes of a file; FileNotFoundError for a link and for anything else but a file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileNotFoundError(errno.ENOENT, "is a link", str(path)) from error
        raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FileNotFoundError(errno.ENOENT, "is not a file", str(path))
        return file.read()


def is_own_staging(folder: Path) -> bool:
    """Whether an entry of `staging` is the lake's to remove.

    A link is. A folder is when it holds the marker of a run; when it is named like a run it also
    is with the manifest of a release, or empty, as a run leaves it that died in its first step.
    """
    if folder.is_symlink():
        return True
    if not is_folder(folder):
        return False
    if is_plain_file(folder / CLAIM):
        return True
    named = is_release_id(folder.name.removeprefix(REMOVED))
    return named and (is_plain_file(folder / MANIFEST) or not any(folder.iterdir()))


def is_plain_file(path: Path) -> bool:
    """A file, not a link to one."""
    return path.is_file() and not path.is_symlink()


def unfinished_files(root: Path, names: tuple[str, ...]) -> list[Path]:
    """What a dead process left of writing these files of the lake."""
    left = [
        path for name in (LAKE_FILE, *names) for path in root.glob(f".{name}.*{PARTIAL_SUFFIX}")
    ]
    return [path for path in left if path.is_symlink() or path.is_file()]

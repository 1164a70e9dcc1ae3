"""A lake's folder -> its releases: all of them, the current one, or one by the start of its id."""

import errno
import os
import re
import stat
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import msgspec

from flows.release.manifest import JSON_ERRORS, MANIFEST, FormatOnly, is_release_id
from flows.release.pointer import read_pointer, release_prefixes
from flows.release.release import Release
from flows.storage.descriptors import READ_NO_LINK
from flows.storage.objects import ObjectPath
from flows.storage.place import Place, parse_place
from schemas.errors import InputError

CURRENT = "current"
RELEASES = "releases"
LAKE_FILE = "lake.json"
LAKE_FORMAT = 1


class LakeFile(msgspec.Struct, frozen=True):
    """The content of `lake.json`, which marks a folder as a lake."""

    format: int
    created: datetime


def require_known_format(root: Place) -> bool:
    """Whether `lake.json` exists; InputError when it is damaged or of a newer format."""
    path = root / LAKE_FILE
    try:
        data = read_plain_file(path)
        number = msgspec.json.decode(data, type=FormatOnly).format
        if number > LAKE_FORMAT:
            raise InputError(
                f"{root} is a lake of format {number}, this version knows {LAKE_FORMAT}: "
                "use a newer wardrobe."
            )
        msgspec.json.decode(data, type=LakeFile)
    except FileNotFoundError:
        return False
    except NotADirectoryError as error:
        raise InputError(f"{root} is a file, not a folder: name the folder of a lake.") from error
    except JSON_ERRORS as error:
        raise InputError(
            f"{path} is damaged or not of a lake ({error}): if {root} is a lake, remove the file "
            "and the next ingest writes it again."
        ) from error
    return True


def enclosing_lake(path: Path) -> Path | None:
    """The lake that contains `path` or is it; None outside of lakes. Links are followed."""
    place = path.resolve()
    return next((each for each in (place, *place.parents) if is_plain_file(each / LAKE_FILE)), None)


def require_local_path(path: str | os.PathLike[str]) -> None:
    """Raise InputError for an address such as s3://bucket, which Path takes for a folder `s3:`."""
    if re.match(r"[A-Za-z][\w+.-]+:/", os.fspath(path)):
        raise InputError(f"{path} is an address, not a path: name a place on this machine")


def lake_root(place: str | Place) -> Place:
    """The place of a lake, absolute on this machine.

    InputError for an address that is not on object storage, and for a path that is not UTF-8.
    """
    root = parse_place(place)
    return root if isinstance(root, ObjectPath) else local_root(root)


def local_root(path: str | os.PathLike[str]) -> Path:
    """An absolute path of this machine. InputError for an address and a path that is not UTF-8."""
    require_local_path(path)
    return require_utf8(Path(path).absolute())


def is_folder(path: Path) -> bool:
    """A folder, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def is_plain_file(path: Place) -> bool:
    """A file, not a link to one; an object."""
    if isinstance(path, ObjectPath):
        return path.exists()
    return path.is_file() and not path.is_symlink()


def read_plain_file(path: Place) -> bytes:
    """The bytes of a file or object; FileNotFoundError for a link and what else is not a file."""
    if isinstance(path, ObjectPath):
        return path.read_bytes()
    try:
        handle = os.open(path, READ_NO_LINK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileNotFoundError(errno.ENOENT, "is a link", str(path)) from error
        raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FileNotFoundError(errno.ENOENT, "is not a file", str(path))
        return file.read()


def all_releases(root: Place) -> list[Release]:
    """Every release of a lake, newest first, which is the order of their ids.

    Those with a damaged manifest are listed too.
    """
    require_known_format(root)
    if isinstance(root, ObjectPath):
        return [Release(prefix) for prefix in release_prefixes(root, RELEASES)]
    folder = root / RELEASES
    paths = folder.iterdir() if folder.is_dir() else ()
    releases = [path for path in paths if is_release_id(path.name) and is_folder(path)]
    return [Release(path) for path in sorted(releases, reverse=True)]


def current_release(root: Place) -> Release | None:
    """The release that `current` points to now; None in a lake without releases."""
    require_known_format(root)
    if isinstance(root, ObjectPath):
        current = read_pointer(root)[0].release
        return Release(root / RELEASES / current) if current else None
    link = root / CURRENT
    try:
        target = link.readlink()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise InputError(
                f"{link} is not a link to a release, so {root} is not a lake."
            ) from error
        raise InputError(f"{link} cannot be read ({error.strerror}).") from error
    if target.parent != Path(RELEASES) or not is_release_id(target.name):
        raise InputError(
            f"{link} points to {target}, which is not a release of this lake: "
            "`wardrobe rollback ID` makes a release current."
        )
    if not is_folder(root / target):
        raise InputError(
            f"{link} points to {target}, which does not exist: "
            "`wardrobe rollback ID` makes another release current."
        )
    return Release(root / target)


def find_release(root: Place, name: str | None = None) -> Release:
    """The current release, or the only one whose id is `name` or starts with it.

    InputError when there is none or there are several, with the ids that come nearest.
    """
    if name in (None, CURRENT) and (release := current_release(root)) is not None:
        return release
    releases = all_releases(root)
    if not releases:
        raise InputError(
            f"{root} is not a lake: `wardrobe demo` makes a small one, "
            "`wardrobe ingest` fills one from a source."
        )
    if name is None or name == CURRENT:
        raise InputError(
            f"{root} has releases but none is current: `wardrobe rollback {releases[0].id}` "
            "makes the newest so."
        )
    by_id = {release.id: release for release in releases}
    matches = [name] if name in by_id else [id for id in by_id if id.startswith(name)]
    if name and len(matches) == 1:
        return by_id[matches[0]]
    ids = matches or list(by_id)
    nearest = ids[:3] if matches else get_close_matches(name, ids, 3, 0.5) or ids[:3]
    problem = "matches several releases" if matches else "is not a release"
    raise InputError(f"{name!r} {problem} of {root}: try {', '.join(nearest)}.")


def require_utf8(path: Path) -> Path:
    """The same path. InputError when it is not UTF-8: DuckDB and Arrow cannot open files there."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError(
            f"the path {path} is not UTF-8, so Parquet readers cannot open files in it: rename it."
        ) from None
    return path


def open_release(path: str | Place) -> Release:
    """The release at `path`: its own folder, a link such as `lake/current`, or a lake's folder.

    Links are resolved once, here, so that later reads see the same release whatever is published.
    InputError when `path` is not a release or its manifest is damaged.
    """
    place = parse_place(path)
    if isinstance(place, ObjectPath):
        return _open_prefix(place)
    location = place.expanduser()
    folder = location if os.path.lexists(location / MANIFEST) else location / CURRENT
    try:
        release = Release(require_utf8(folder.resolve(strict=True)))
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
        raise InputError(
            f"{location} is not a release: give the folder that holds {MANIFEST} (`wardrobe path`)."
        ) from error
    _ = release.manifest  # a damaged one is refused here
    return release


def _open_prefix(prefix: ObjectPath) -> Release:
    """The release at a prefix, or the current one of the lake there (or `current` below it)."""
    if is_release_id(prefix.name):
        release = Release(prefix)
    else:
        release = find_release(prefix.parent if prefix.name == CURRENT else prefix)
    _ = release.manifest
    return release

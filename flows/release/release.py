"""A published release as readers see it: resolved once, its files named by its manifest."""

import errno
from collections import deque
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from flows.release.manifest import (
    FileRecord,
    Manifest,
    is_release_id,
    parent_of,
    read_manifest,
    table_order,
)
from schemas.errors import InputError

CURRENT = "current"
RELEASES = "releases"


class Release:
    """One release at one path. It stays what it is while others are published.

    The manifest is read when first asked for; `files` are absolute paths from it, never globs.
    """

    def __init__(self, path: Path, manifest: Manifest | None = None) -> None:
        self.path = path
        if manifest is not None:
            self.manifest = manifest

    def __repr__(self) -> str:
        return f"Release({self.id})"

    @property
    def id(self) -> str:
        """Its name: the time it was made and the start of its content hash."""
        return self.path.name

    @cached_property
    def manifest(self) -> Manifest:
        """What is in it; InputError when the file is damaged."""
        manifest = read_manifest(self.path)
        READ_LAST.append(self)
        return manifest

    def is_readable(self) -> bool:
        """Whether its manifest can be read and is its own, which makes the folder a release."""
        try:
            return self.manifest.release == self.id
        except InputError:
            return False

    def files(self, table: str) -> list[Path]:
        """The files of a table (`items`, `statistics/split_totals`), sorted; none is no error."""
        return [self.path / file.path for file in self.manifest.of(table)]

    def tables(self) -> dict[str, list[Path]]:
        """Files by table: declared ones as declared, then statistics by name."""
        return files_by_table(self.path, self.manifest.files)


READ_LAST: deque[Release] = deque(maxlen=2)
"""The releases whose manifests this process read last: after a failure, damage is looked for there.

Two, because a comparison reads two.
"""


def files_by_table(folder: Path, records: Sequence[FileRecord]) -> dict[str, list[Path]]:
    """Absolute paths of recorded files, by table."""
    names = sorted({record.table for record in records}, key=table_order)
    tables: dict[str, list[Path]] = {name: [] for name in names}
    for record in sorted(records, key=lambda one: one.path):
        tables[record.table].append(folder / record.path)
    return tables


def is_folder(path: Path) -> bool:
    """A folder, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def all_releases(root: Path) -> list[Release]:
    """Every release of a lake, newest first; those with a damaged manifest are listed too."""
    folder = root / RELEASES
    paths = folder.iterdir() if folder.is_dir() else ()
    found = [path for path in paths if is_release_id(path.name) and is_folder(path)]
    parents = {path.name: parent_of(path) for path in found}
    found.sort(key=lambda path: (_order(path.name, parents), path.name), reverse=True)
    return [Release(path) for path in found]


def _order(name: str, parents: Mapping[str, str | None]) -> tuple[str, int]:
    """The time in an id, but never before that of a parent: a clock may have been set back.

    The number counts the releases since the latest time in the chain of parents.
    """
    chain = [name]
    while (parent := parents.get(chain[-1])) and parent not in chain:
        chain.append(parent)
    latest, since = "", 0
    for release in reversed(chain):
        time = release.partition("-")[0]
        latest, since = (time, 0) if time > latest else (latest, since + 1)
    return latest, since


def current_release(root: Path) -> Release | None:
    """What `current` means at this instant; None in a lake without releases."""
    try:
        target = (root / CURRENT).readlink()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise InputError(
                f"{root / CURRENT} is no link to a release: this is no lake."
            ) from error
        raise InputError(f"{root / CURRENT} cannot be read ({error.strerror}).") from error
    if target.parent != Path(RELEASES) or not is_release_id(target.name):
        raise InputError(
            f"{root / CURRENT} points to {target}, which is not a release of this lake: "
            "`wardrobe rollback ID` makes a release current."
        )
    release = Release(root / target)
    if not is_folder(release.path):
        raise InputError(
            f"{root / CURRENT} points to {target}, which is not there: "
            "`wardrobe rollback ID` makes another release current."
        )
    return release


def find_release(root: Path, name: str | None = None) -> Release:
    """The current release, or the one whose id is `name` or starts with it, alone."""
    if name is None or name == CURRENT:
        if (release := current_release(root)) is not None:
            return release
        if releases := all_releases(root):
            raise InputError(
                f"{root} has releases but none is current: `wardrobe rollback {releases[0].id}` "
                "makes the newest so."
            )
        raise InputError(
            f"there is no lake at {root}: `wardrobe demo` makes a small one, "
            "`wardrobe ingest` fills one from a source."
        )
    known = all_releases(root)
    matching = [one for one in known if one.id == name] or [
        one for one in known if one.id.startswith(name)
    ]
    if name and len(matching) == 1:
        return matching[0]
    if not known:
        raise InputError(
            f"there is no release at {root}: `wardrobe demo` or `wardrobe ingest` makes one."
        )
    ids = [one.id for one in matching or known]
    nearest = ids[:3] if matching else get_close_matches(name, ids, 3, 0.5) or ids[:3]
    what = "names several releases" if matching else "is no release"
    raise InputError(f"{name!r} {what} of {root}: {', '.join(nearest)} would be.")


def differing_files(left: Release, right: Release, table: str) -> tuple[list[Path], list[Path]]:
    """The files of a table whose place or bytes differ: those of the left, those of the right.

    What is equal byte for byte, which is most of two neighbours, need not be read to compare them.
    """
    before = {file.path: file for file in left.manifest.of(table)}
    after = {file.path: file for file in right.manifest.of(table)}
    same = {
        path for path in before.keys() & after.keys() if before[path].sha256 == after[path].sha256
    }
    return (
        [left.path / path for path in sorted(before.keys() - same)],
        [right.path / path for path in sorted(after.keys() - same)],
    )

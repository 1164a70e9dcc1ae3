"""Location of a source: the path or address that a user gave in; a folder, zips or a file out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flows.storage.objects import ObjectPath, is_address
from flows.storage.place import Place
from schemas.errors import InputError

SIDE_FOLDER = "side-files/"
"""Prefix of the member names of side files."""


@dataclass(frozen=True)
class Location:
    """The place of a source: `kind` is `folder`, `zips` or `file`; `path` is absolute.

    A prefix of a bucket is a folder, and an object is a file. `zips` is a zip, or a folder with
    zips at its top: those in `archives` are read in place, and the other files of the folder are
    members too. A zip next to a folder of the same name counts as unpacked and is an ordinary
    member. `side_files` are files outside the source that are members too, with SIDE_FOLDER before
    their names. A Location can be pickled, printed and written to a manifest: it holds neither a
    password nor credentials nor an open file.
    """

    kind: str
    path: Place
    archives: tuple[Place, ...] = ()
    side_files: tuple[Place, ...] = ()

    @property
    def root(self) -> Place:
        """The folder that member names of plain files are relative to."""
        alone = self.kind == "file" or self.archives == (self.path,)
        return self.path.parent if alone else self.path

    @staticmethod
    def parse(
        text: str | os.PathLike[str], side_files: Sequence[str | os.PathLike[str]] = ()
    ) -> "Location":
        """A path as typed (`~` allowed), or `s3://bucket/prefix`, to a Location.

        Raises InputError when it does not exist. An address costs one or two requests.
        """
        if side_files:
            return replace(Location.parse(text), side_files=_side_files(side_files))
        typed = os.fspath(text)
        if not typed.strip() or "\0" in typed:
            raise InputError("The source is empty: give a folder, a zip or a file.")
        if is_address(typed):
            return _object_location(ObjectPath.parse(typed))
        if "://" in typed:
            raise InputError(
                f"{typed.partition('://')[0]}://... is not a source: give a folder, a zip or a "
                "file on this machine, or s3://bucket/prefix."
            )
        path = Path(os.path.abspath(Path(typed).expanduser()))  # noqa: PTH100 (keeps links as typed)
        try:
            if path.is_dir():
                archives = _packed(path)
                return Location("zips" if archives else "folder", path, archives)
            if path.is_file():
                if path.suffix.lower() == ".zip":
                    return Location("zips", path, (path,))
                return Location("file", path)
            exists = path.exists()
        except OSError as error:
            raise InputError(f"{typed} cannot be read: {error.strerror}.") from error
        if exists:
            raise InputError(f"{typed} is neither a folder nor a file.")
        raise InputError(f"{typed} does not exist: give a folder, a zip or a file.")


def _object_location(path: ObjectPath) -> Location:
    if path.key and path.exists():
        is_zip = path.name.lower().endswith(".zip")
        return Location("zips", path, (path,)) if is_zip else Location("file", path)
    names, folders = path.top()
    if not names and not folders:
        raise InputError(f"{path} does not exist: give a prefix with objects, a zip or a file.")
    zips = (name for name in names if name.lower().endswith(".zip") and name[:-4] not in folders)
    archives = tuple(path / name for name in zips)
    return Location("zips" if archives else "folder", path, archives)


def _side_files(texts: Sequence[str | os.PathLike[str]]) -> tuple[Place, ...]:
    paths = tuple(map(_side_file, texts))
    for path in paths:
        if not (path.exists() if isinstance(path, ObjectPath) else path.is_file()):
            raise InputError(f"side file {path} does not exist or is not a file.")
    names = [path.name for path in paths]
    if duplicates := [name for name in names if names.count(name) > 1]:
        raise InputError(f"two side files are called {duplicates[0]}: give each once.")
    return paths


def _side_file(text: str | os.PathLike[str]) -> Place:
    if is_address(text):
        return ObjectPath.parse(text)
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100


def _packed(folder: Path) -> tuple[Path, ...]:
    """The zips at the top of a folder without a folder of the same name, sorted."""
    zips = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".zip")
    return tuple(path for path in zips if path.is_file() and not path.with_suffix("").is_dir())

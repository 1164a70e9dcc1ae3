"""Where a source lies: a folder, zips or one file, told from what a person typed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.errors import InputError

SIDE_FOLDER = "side-files/"
"""Where files that were named beside a source stand among its members."""


@dataclass(frozen=True)
class Location:
    """A place bytes come from: `kind` is `folder`, `zips` or `file`; `path` is absolute.

    `zips` is a zip, or a folder with zips at its top: those in `archives` are read in place, and
    other files of the folder are members beside theirs. A zip with a folder of its own name beside
    it counts as unpacked already and is an ordinary member. `side_files` lie elsewhere and are
    members too, under SIDE_FOLDER. Holds no password and no open file, so it may be pickled,
    printed and written to a manifest.
    """

    kind: str
    path: Path
    archives: tuple[Path, ...] = ()
    side_files: tuple[Path, ...] = ()

    @property
    def root(self) -> Path:
        """The folder that member names of plain files are relative to."""
        alone = self.kind == "file" or self.archives == (self.path,)
        return self.path.parent if alone else self.path

    @staticmethod
    def parse(
        text: str | os.PathLike[str], side_files: Sequence[str | os.PathLike[str]] = ()
    ) -> "Location":
        """A path as typed (`~` allowed) to a Location. Raises InputError when nothing is there."""
        if side_files:
            return replace(Location.parse(text), side_files=_side_files(side_files))
        given = os.fspath(text)
        if not given.strip() or "\0" in given:
            raise InputError("The source is empty: give a folder, a zip or a file.")
        if "://" in given:
            raise InputError(
                f"{given} is not a path: give a folder, a zip or a file on this machine."
            )
        path = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 (keeps links as typed)
        try:
            if path.is_dir():
                archives = _packed(path)
                return Location("zips" if archives else "folder", path, archives)
            if path.is_file():
                if path.suffix.lower() == ".zip":
                    return Location("zips", path, (path,))
                return Location("file", path)
            there = path.exists()
        except OSError as error:
            raise InputError(f"{given} cannot be looked at: {error.strerror}.") from error
        if there:
            raise InputError(f"{given} is neither a folder nor a file.")
        raise InputError(f"{given} does not exist: give a folder, a zip or a file.")


def _side_files(given: Sequence[str | os.PathLike[str]]) -> tuple[Path, ...]:
    paths = tuple(Path(os.path.abspath(Path(one).expanduser())) for one in given)  # noqa: PTH100
    for path in paths:
        if not path.is_file():
            raise InputError(f"side file {path} is not there, or is no file.")
    names = [path.name for path in paths]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"two side files are called {twice[0]}: give each once.")
    return paths


def _packed(folder: Path) -> tuple[Path, ...]:
    """The zips at the top of a folder that no folder of the same name stands beside, sorted."""
    zips = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".zip")
    return tuple(path for path in zips if path.is_file() and not path.with_suffix("").is_dir())

"""Where a source lies: a folder, zips or one file, told from what a person typed."""

import os
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import InputError


@dataclass(frozen=True)
class Location:
    """A place bytes come from: `kind` is `folder`, `zips` or `file`; `path` is absolute.

    `zips` is a zip, or a folder with zips at its top: those in `archives` are read in place, and
    other files of the folder are members beside theirs. A zip with a folder of its own name beside
    it counts as unpacked already and is an ordinary member. Holds no password and no open file, so
    it may be pickled, printed and written to a manifest.
    """

    kind: str
    path: Path
    archives: tuple[Path, ...] = ()

    @property
    def root(self) -> Path:
        """The folder that member names of plain files are relative to."""
        alone = self.kind == "file" or self.archives == (self.path,)
        return self.path.parent if alone else self.path

    @staticmethod
    def parse(text: str | os.PathLike[str]) -> "Location":
        """A path as typed (`~` allowed) to a Location. Raises InputError when nothing is there."""
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


def _packed(folder: Path) -> tuple[Path, ...]:
    """The zips at the top of a folder that no folder of the same name stands beside, sorted."""
    zips = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".zip")
    return tuple(path for path in zips if path.is_file() and not path.with_suffix("").is_dir())

"""The read-only file system `release://`: names of a release's files come in, bytes go out."""

import errno
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from fsspec import AbstractFileSystem

from flows.release.release_file import ReleaseFile
from flows.storage.place import Place, Tails, size_of

PROTOCOL = "release"


class ReleaseFiles(AbstractFileSystem):
    """Files by name, for engines that read through fsspec: `release://items/part-00000.parquet`.

    Only the names of the mapping exist, and no operation writes: opening for writing and every
    change raise OSError (EROFS). `modified` is one time for all files, because a release does not
    change after it was published; an engine may therefore keep what it read.
    """

    protocol = PROTOCOL
    cachable = False  # fsspec would return the same object for equal arguments, and keep it
    root_marker = ""

    def __init__(self, files: Mapping[str, Place], modified: datetime | None = None) -> None:
        super().__init__()
        self._files = dict(files)
        self._tails = Tails()
        self._in_folder: dict[str, list[str]] = {}
        self._modified = modified or datetime.fromtimestamp(0, UTC)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        # Engines ask several times for each file that they open: fsspec's own is ten times slower.
        return path.removeprefix("release://").rstrip("/")

    def open(self, path: str, mode: str = "rb", *_: Any, **__: Any) -> ReleaseFile:
        """A file to read from in several threads. OSError for other names and for writing."""
        if mode not in ("r", "rb"):
            self._refuse(path)
        return ReleaseFile(path, self._path(path), self._tails)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, type and size in bytes. FileNotFoundError for names outside the mapping."""
        name = self._strip_protocol(path)
        if name in self._files:
            return {"name": name, "type": "file", "size": size_of(self._files[name])}
        if name == "" or any(file.startswith(f"{name}/") for file in self._files):
            return {"name": name, "type": "directory", "size": 0}
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """What a folder contains, sorted by name; a file is a list of itself."""
        entries = [self.info(path)]
        if entries[0]["type"] == "directory":
            start = f"{entries[0]['name']}/".lstrip("/")
            names = {
                start + file.removeprefix(start).partition("/")[0]
                for file in self._files
                if file.startswith(start)
            }
            entries = [self.info(name) for name in sorted(names)]
        return entries if detail else [entry["name"] for entry in entries]

    def glob(self, path: str, **options: Any) -> Any:
        """Names that match a pattern: a file's own name, `folder/**` for all files below it."""
        name = self._strip_protocol(path)
        if name in self._files:
            return [name]
        folder = name.removesuffix("**")
        if options or not folder.endswith("/") or "*" in folder:
            return super().glob(path, **options)
        # Engines ask again for each view, and fsspec's own takes a second for 25,000 files.
        if folder not in self._in_folder:
            self._in_folder[folder] = [name for name in self._files if name.startswith(folder)]
        return self._in_folder[folder]

    def modified(self, path: str) -> datetime:
        """The release's time, for every file."""
        if self._strip_protocol(path) not in self._files:
            self.info(path)
        return self._modified

    created = modified

    def _path(self, path: str) -> Place:
        try:
            return self._files[self._strip_protocol(path)]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None

    def _refuse(self, path: object = "", *_: Any, **__: Any) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    mkdir = makedirs = rmdir = rm = rm_file = _rm = mv = cp_file = touch = _refuse
    pipe_file = put_file = get_file = _refuse

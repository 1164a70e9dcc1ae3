"""List a folder: every file below it as schemas.source.MEMBERS, and no file outside it.

Names, sizes and times are moved into Arrow in chunks, so that 400,000 files are not 400,000 Python
objects.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from schemas.errors import InputError
from schemas.source import MEMBERS

CHUNK = 65_536


class _Rows:
    """Names, sizes and stamps, moved into Arrow whenever a chunk is full."""

    def __init__(self) -> None:
        self.chunks: list[pa.RecordBatch] = []
        self.names: list[str] = []
        self.sizes: list[int] = []
        self.times: list[int] = []

    def add(self, name: str, status: os.stat_result) -> None:
        self.names.append(name)
        self.sizes.append(status.st_size)
        self.times.append(status.st_mtime_ns)
        if len(self.names) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        try:
            names = pa.array(self.names, pa.string())
        except UnicodeEncodeError:
            names = pa.array([_utf8(name) for name in self.names], pa.string())
        stamps = pa.array(self.times, pa.int64()).cast(pa.string())
        sizes = pa.array(self.sizes, pa.int64())
        self.chunks.append(pa.record_batch([names, sizes, stamps], schema=MEMBERS))
        self.names, self.sizes, self.times = [], [], []


def list_folder(root: Path, *, skip: frozenset[str] = frozenset()) -> pa.Table:
    """Every file below `root`, sorted by name; stamp is mtime_ns. Names in `skip` are excluded.

    `root` and the folders directly in it may be links, since data are often on another disk. A
    deeper link to a folder raises InputError when it leads out of them; one that stays inside is
    skipped, because its files are listed in their folder. A link to a file is listed and checked
    when it is read. Files that are not regular are listed too, so that reading can give the reason.
    Bytes of a name that are not UTF-8 are written as `%FF`. Raises OSError when a folder cannot be
    listed: its files would seem to be deleted.
    """
    rows = _Rows()
    roots = allowed_roots(root)
    pending = [""]
    while pending:
        prefix = pending.pop()
        folder = root / prefix
        for entry in _entries(folder):
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                pending.append(name + "/")
            elif entry.is_symlink() and _leads_to_folder(entry):
                if not prefix:
                    pending.append(name + "/")
                elif not is_inside(root / name, roots):
                    raise InputError(
                        f"{_utf8(str(root / name))} is a link to a folder outside the source: "
                        "link the folder above it instead, or copy the files."
                    )
            elif name not in skip:
                status = _stat(entry, folder)
                if status is not None:
                    rows.add(name, status)
    rows.flush()
    return pa.Table.from_batches(rows.chunks, schema=MEMBERS).sort_by("name").combine_chunks()


def allowed_roots(root: Path) -> tuple[Path, ...]:
    """The resolved folders that a link may lead into: the root and the folders linked in it."""
    with os.scandir(root) as entries:
        linked = [Path(entry.path) for entry in entries if _leads_to_folder(entry)]
    return tuple(Path(os.path.realpath(path)) for path in (root, *linked))


def is_inside(path: Path, roots: tuple[Path, ...]) -> bool:
    """Whether a path, all links resolved, is below one of `roots`."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(root) for root in roots)


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether it is a link to a folder; a broken or circular link is not."""
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        return False


def _entries(folder: Path) -> "Iterator[os.DirEntry[str]]":
    """The entries of a folder, through its handle: a stat by whole path takes a fifth longer."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(handle) as entries:
            yield from entries
    finally:
        os.close(handle)


def _stat(entry: "os.DirEntry[str]", folder: Path) -> os.stat_result | None:
    """The status of the file, or of a broken link; None when the file was deleted meanwhile."""
    try:
        return entry.stat()
    except OSError as error:
        if entry.is_symlink():
            return entry.stat(follow_symlinks=False)
        if isinstance(error, FileNotFoundError):
            return None
        raise OSError(error.errno, error.strerror, str(folder / entry.name)) from error


def _utf8(name: str) -> str:
    """A file name; bytes that are not UTF-8 are written as `%FF`."""
    return "".join(
        quote(os.fsencode(character)) if "\ud800" <= character <= "\udfff" else character
        for character in name
    )

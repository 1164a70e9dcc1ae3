"""List a folder: every file below it as schemas.source.MEMBERS, and no file outside it.

Names, sizes and times are moved into Arrow in chunks, so that 400,000 files are not 400,000 Python
objects, and come in runs, so that memory does not grow with the source.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from flows.storage.descriptors import FOLDER
from schemas.errors import InputError
from schemas.source import MEMBERS

CHUNK = 65_536
CHUNKS_OF_A_RUN = 16


def list_folder(root: Path, *, skip: frozenset[str] = frozenset()) -> Iterator[pa.Table]:
    """Every file below `root` in runs of a million; stamp is mtime_ns. Not the names in `skip`.

    A run is sorted by name. Runs follow each other in the order in which the system lists folders.

    `root` and the folders directly in it may be links, since data are often on another disk. A
    deeper link to a folder raises InputError when it leads out of them; one that stays inside is
    skipped, because its files are listed in their folder. A link to a file is listed and checked
    when it is read. Files that are not regular are listed too, so that reading can give the reason.
    Bytes of a name that are not UTF-8 are written as `%FF`. Raises OSError when a folder cannot be
    listed: its files would seem to be deleted.
    """
    files = _files(root, skip)
    chunks = (_as_members(chunk) for chunk in iter(lambda: list(islice(files, CHUNK)), []))
    while run := list(islice(chunks, CHUNKS_OF_A_RUN)):
        yield pa.Table.from_batches(run, schema=MEMBERS).sort_by("name")


def _files(root: Path, skip: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """Name, size and mtime_ns of every file below `root`."""
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
            elif name not in skip and (status := _stat(entry, folder)) is not None:
                yield name, status.st_size, status.st_mtime_ns


def _as_members(files: Sequence[tuple[str, int, int]]) -> pa.RecordBatch:
    names, sizes, times = zip(*files, strict=True)
    try:
        utf8 = pa.array(names, pa.large_string())
    except UnicodeEncodeError:
        utf8 = pa.array([_utf8(name) for name in names], pa.large_string())
    stamps = pa.array(times, pa.int64()).cast(pa.large_string())
    return pa.record_batch([utf8, pa.array(sizes, pa.int64()), stamps], schema=MEMBERS)


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
    if os.scandir not in os.supports_fd:  # Windows
        with os.scandir(folder) as entries:
            yield from entries
        return
    handle = os.open(folder, FOLDER)
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

"""Paths that a command writes to, checked before it starts to work: a file, or a folder."""

import os
from collections.abc import Sequence
from pathlib import Path

from flows.release.resolve import enclosing_lake, require_local_path
from schemas.errors import InputError


def require_output_file(path: Path) -> Path:
    """The path of a file to write, new or to be replaced. Raises InputError if it cannot be."""
    _require_place(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file")
    if path.exists() and not path.is_file():
        raise InputError(
            f"{path} is not a regular file, and writing would replace it: name another"
        )
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: the folder does not exist")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path.parent}: the folder is read-only")
    return path


def require_distinct_files(outputs: Sequence[Path | None], inputs: Sequence[Path]) -> None:
    """Raise InputError for an output that would replace an input or another output."""
    taken = {path.resolve(): "is a file that the command reads" for path in inputs}
    for path in outputs:
        if path is None:
            continue
        if reason := taken.get(path.resolve()):
            raise InputError(f"{path} {reason}, and writing would replace it: name another")
        taken[path.resolve()] = "is the file of two outputs"


def require_output_folder(path: Path) -> Path:
    """The path of a folder to write into, made if necessary. Raises InputError if it cannot be."""
    _require_place(path)
    for folder in (path, *path.absolute().parents):
        if folder.exists():
            if not folder.is_dir():
                raise InputError(f"{folder} is a file: name a folder")
            if not os.access(folder, os.W_OK):
                raise InputError(f"{folder}: the folder is read-only")
            break
    return path


def _require_place(path: Path) -> None:
    require_local_path(path)
    if lake := enclosing_lake(path):
        raise InputError(
            f"{path} is in the lake {lake}, which holds releases only: write to another folder"
        )

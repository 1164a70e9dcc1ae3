"""Prediction files: opening them, and the digest by which a score names them."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import InputError


def predictions_sha256(paths: Sequence[Path]) -> str:
    """SHA-256 of the bytes of these files, one after the other, in hexadecimal.

    Raises InputError for a file that cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        for block in _blocks(path):
            digest.update(block)
    return digest.hexdigest()


def predictions_by_sha256(paths: Sequence[Path]) -> dict[str, Sequence[Path]]:
    """Each file, and all files between two of them, by their `predictions_sha256`.

    Every file is read once. Raises InputError for a file that cannot be read.
    """
    digests = []
    files: dict[str, Sequence[Path]] = {}
    for end, path in enumerate(paths, start=1):
        digests.append(hashlib.sha256())
        for block in _blocks(path):
            for digest in digests:
                digest.update(block)
        files |= {digest.hexdigest(): paths[start:end] for start, digest in enumerate(digests)}
    return files


def _blocks(path: Path) -> Iterator[bytes]:
    with open_predictions(path) as file:
        while block := file.read(1 << 20):
            yield block


@contextmanager
def unchanged_predictions(paths: Sequence[Path]) -> Iterator[None]:
    """Inside, the files are hashed and read.

    Raises InputError at the end for a file that was changed or replaced meanwhile: the digest may
    be of other bytes than those that were read.
    """
    states = [_state(path) for path in paths]
    yield
    for path, state in zip(paths, states, strict=True):
        if _state(path) != state:
            raise InputError(f"{path} was changed while it was read: run the command again.")


def _state(path: Path) -> tuple[int, ...]:
    """What differs between two contents of a file, unless somebody resets the time."""
    with open_predictions(path) as file:
        status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def open_predictions(path: Path) -> Iterator[BinaryIO]:
    """A file of predictions; errors of the disk, in the body too, are InputError."""
    try:
        with path.open("rb") as file:
            if not file.seekable():
                raise InputError(f"{path} is a pipe: predictions are read twice, give a file.")
            yield file
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def is_parquet(path: Path) -> bool:
    """Whether a file begins as those of Parquet do. Raises InputError if it cannot be read."""
    with open_predictions(path) as file:
        return file.read(4) == b"PAR1"


@contextmanager
def opened_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file, to be read inside. Raises InputError where it is damaged or not Parquet."""
    try:
        with pq.ParquetFile(path, buffer_size=1 << 20) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(f"{path} cannot be read as Parquet: {reason}.") from error

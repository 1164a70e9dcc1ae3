"""Prediction files as bytes: opening them, and the digest by which a score names them."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from schemas.errors import InputError


def predictions_sha256(paths: Sequence[Path]) -> str:
    """SHA-256 of the bytes of these files, one after the other, in hexadecimal.

    Raises InputError for a file that cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        with open_predictions(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


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

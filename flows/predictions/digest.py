"""The digest of prediction files, by which a score names what was scored."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from schemas.errors import InputError


def predictions_sha256(paths: Sequence[Path]) -> str:
    """SHA-256 of the bytes of these files, one after the other, in hexadecimal.

    Raises InputError for a file that cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()

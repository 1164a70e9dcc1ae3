"""The zip password of a command: from a file or the environment, never as an argument."""

import os
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import InputError

PasswordFileOption = Annotated[
    Path | None,
    typer.Option(
        "--password-file", help="File with the zip password; default: $WARDROBE_ZIP_PASSWORD."
    ),
]


def use_password_of(path: Path | None) -> None:
    """Set the password in a file for this process and its workers. Raises InputError.

    It is the text of the file without line end and byte order mark.
    """
    if path is None:
        return
    try:
        password = path.read_text("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise InputError(f"--password-file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"--password-file {path} is not UTF-8 text") from error
    if not password:
        raise InputError(f"--password-file {path} is empty")
    if "\0" in password:
        raise InputError(f"--password-file {path} is not text: it contains a zero byte")
    os.environ["WARDROBE_ZIP_PASSWORD"] = password

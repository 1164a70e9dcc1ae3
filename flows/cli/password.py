"""The zip password as commands take it: from a file or the environment, never as a word."""

import os
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import InputError

PasswordFileOption = Annotated[
    Path | None,
    typer.Option("--password-file", help="Holds the zip password; or $WARDROBE_ZIP_PASSWORD."),
]


def use_password_of(path: Path | None) -> None:
    """Hand the password in a file to everything this process starts. Raises InputError."""
    if path is not None:
        os.environ["WARDROBE_ZIP_PASSWORD"] = _password_in(path)


def _password_in(path: Path) -> str:
    """The text of a file without its line end, and without the mark some editors put first."""
    try:
        password = path.read_text("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise InputError(f"--password-file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"--password-file {path} is no text in UTF-8") from error
    if not password:
        raise InputError(f"--password-file {path} is empty")
    if "\0" in password:
        raise InputError(f"--password-file {path} is no text: it holds a zero byte")
    return password

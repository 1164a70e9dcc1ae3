"""The errors that are meant for people: their text is one sentence."""

import importlib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class InputError(ValueError):
    """What a person gave cannot be used. One sentence: what was given, what is allowed, what to do.

    The command line prints it and leaves with `exit_code`. Anything else that is raised is a bug
    and keeps its traceback.
    """

    exit_code = 2


class MostLeftOut(InputError):
    """An export would leave out most of the rows; nothing was written. The text has the counts."""

    exit_code = 1


class EngineError(InputError):
    """An engine or a disk failed while it computed or read. A file of a release may be damaged.

    The command line looks for that damage and names the file; else it prints the message.
    """


class TimeLimitError(InputError):
    """A query did not finish within its time limit."""


class MissingExtra(InputError):
    """An optional dependency that a command needs is not installed; the message says how to."""


def import_extra(module: str, extra: str, need: str) -> Any:
    """A module of an optional dependency. MissingExtra, with the need, where it is not installed.

    `extra` is the one of pyproject.toml that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"{need}: run `pip install '.[{extra}]'` in the source folder of wardrobe."
        ) from error


def did_you_mean(name: str, names: Iterable[str], otherwise: str) -> str:
    """The end of a sentence about a misspelt name: the most similar of `names`, or `otherwise`."""
    nearest = get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"did you mean {nearest[0]}?" if nearest else otherwise

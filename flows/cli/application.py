"""The application: its verbs put together, and the one place where errors become sentences."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import asking, demo, exporting, history, looking, making, sampling, scheduling
from schemas.errors import InputError

app = typer.Typer(
    name="wardrobe",
    help="Fashion annotation data sets as one columnar lake.\n\nExample: wardrobe demo",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verbs in (demo, making, looking, asking, history, sampling, exporting, scheduling):
    verbs.register(app)

STOPPED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""


def _say_version(asked: bool) -> None:
    if asked:
        import flows

        # The place tells at once whether another package's `flows` was installed over ours.
        print(f"wardrobe {version('wardrobe-lake')} ({Path(flows.__file__ or '').parent})")
        raise typer.Exit


@app.callback()
def wardrobe(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Say which and leave."
        ),
    ] = False,
) -> None:
    """Fashion annotation data sets as one columnar lake.

    Example: wardrobe demo
    """


def main() -> None:
    """Run the command line. Exit code 0: done; 1: a check or `--strict` says no; 2: wrong use."""
    sys.exit(_run())


def _run() -> int:
    try:
        app()
    except SystemExit as leaving:
        if leaving.code == STOPPED:  # what typer makes of Ctrl-C, without a word
            print("wardrobe: stopped; nothing was published", file=sys.stderr)
        return leaving.code if isinstance(leaving.code, int) else 0
    except InputError as error:
        print(f"wardrobe: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # `wardrobe sql ... | head` closes the pipe early; that is no error of anybody's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # A disk or network that failed: theirs, not a bug of ours, so a sentence is enough.
        named = error.strerror and error.filename
        what = f"{error.filename}: {error.strerror}" if named else str(error)
        print(f"wardrobe: {what}; nothing was published", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("wardrobe: stopped; nothing was published", file=sys.stderr)
        return STOPPED
    return 0

"""The application: its verbs put together, and the one place where errors become sentences."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli import asking, demo, exporting, history, looking, making, sampling, scheduling
from schemas.errors import InputError

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""What typer raises for wrong words; the class has moved between its versions."""

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
        code = app(standalone_mode=False)
        if code == STOPPED:  # what typer makes of Ctrl-C, without a word
            print("wardrobe: stopped; nothing was published", file=sys.stderr)
        return code if isinstance(code, int) else 0
    except USAGE_ERROR as error:
        return _say_usage(error)
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
    except (KeyboardInterrupt, typer.Abort):
        print("wardrobe: stopped; nothing was published", file=sys.stderr)
        return STOPPED


def _say_usage(error: Any) -> int:
    """Wrong words on the command line as one sentence, or the help where there were none at all."""
    command = error.ctx.command_path if error.ctx else "wardrobe"
    message = error.format_message().removesuffix(".").replace("Value error, ", "")
    if error.ctx and message.startswith(error.ctx.get_help()[:20]):
        print(message, file=sys.stderr)  # a group by itself: typer's message is its help
    else:
        said = message[:1].lower() + message[1:]
        print(f"wardrobe: {said}: see `{command} --help`", file=sys.stderr)
    return 2

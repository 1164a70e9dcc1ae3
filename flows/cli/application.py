"""The application: its verbs put together, and the one place where errors become sentences."""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from flows.cli import demo, export, ingest, inspect, query, releases, sample, serve
from flows.cli.terminal import SafeStream
from schemas.errors import EngineError, InputError

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
for verbs in (demo, ingest, inspect, query, releases, sample, export, serve):
    verbs.register(app)

STOPPED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""


def _print_version(asked: bool) -> None:
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
            "--version", callback=_print_version, is_eager=True, help="Say which and leave."
        ),
    ] = False,
) -> None:
    """Fashion annotation data sets as one columnar lake.

    Example: wardrobe demo
    """


def main() -> None:
    """Run the command line. Exit code 0: done; 1: a check or `--strict` says no; 2: wrong use."""
    out, err = (stream or _nowhere() for stream in (sys.stdout, sys.stderr))
    for stream in (out, err):
        if isinstance(stream, TextIOWrapper):  # what the locale cannot show, as an escape
            stream.reconfigure(errors="backslashreplace")
    with redirect_stdout(SafeStream(out)), redirect_stderr(SafeStream(err)):
        code = _run()
    sys.exit(code)


def _nowhere() -> TextIO:
    """In place of a stream that was closed before the start (`>&-`), which Python gives as None."""
    return open(os.devnull, "w")  # noqa: PTH123


def _run() -> int:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()  # a full disk behind it is an error while it can still be said
        if code == STOPPED:  # what typer makes of Ctrl-C, without a word
            print("wardrobe: stopped; nothing was published", file=sys.stderr)
        return code if isinstance(code, int) else 0
    except USAGE_ERROR as error:
        return _print_usage_error(error)
    except BrokenPipeError:
        # `wardrobe sql ... | head` closes the pipe early; that is no error of anybody's.
        _discard_output()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        print("wardrobe: stopped; nothing was published", file=sys.stderr)
        return STOPPED
    # Every command ends here with what it met: wrong use, a disk, a damaged release, or a bug.
    except Exception as error:
        if isinstance(error, InputError) and not isinstance(error, EngineError):
            return _refuse(str(error))
        from flows.pipelines.failures import sentence_of

        sentence = sentence_of(error)
        if sentence is None:
            raise
        try:
            sys.stdout.flush()
        except OSError:
            _discard_output()
        return _refuse(sentence)


def _discard_output() -> None:
    """Let what is still buffered for a closed pipe or a full disk go, at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(sentence: str) -> int:
    """Print what is wrong on one line, file names with line breaks in them included."""
    print("wardrobe: " + sentence.replace("\n", "\\n"), file=sys.stderr)
    return 2


def _print_usage_error(error: Any) -> int:
    """Wrong words on the command line as one sentence, or the help where there were none at all."""
    command = error.ctx.command_path if error.ctx else "wardrobe"
    message = error.format_message().removesuffix(".").replace("Value error, ", "")
    if error.ctx and message.startswith(error.ctx.get_help()[:20]):
        print(message, file=sys.stderr)  # a group by itself: typer's message is its help
    else:
        said = message[:1].lower() + message[1:]
        print(f"wardrobe: {said}: see `{command} --help`", file=sys.stderr)
    return 2

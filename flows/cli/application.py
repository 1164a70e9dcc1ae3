"""The entry point of `wardrobe`: runs a command; errors become sentences and exit codes."""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from io import TextIOWrapper
from typing import Any, TextIO

import typer

from flows.cli.app import app
from flows.cli.terminal import SafeStream
from schemas.errors import EngineError, InputError

# Commands are listed in the order of these modules.
for module in (
    "demo",
    "ingest",
    "query",
    "inspect",
    "releases",
    "export",
    "pairs",
    "sample",
    "serve",
):
    import_module(f"flows.cli.{module}")

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""The class of typer's usage errors; its module differs between versions of typer."""

STOPPED = 130
"""Exit code after Ctrl-C, as in shells."""


def main() -> None:
    """Run the command line. Exit code 0: done; 1: a check failed, nothing published; 2: error."""
    out, err = (stream or _null_stream() for stream in (sys.stdout, sys.stderr))
    for stream in (out, err):
        if isinstance(stream, TextIOWrapper):  # escape what the locale cannot encode
            stream.reconfigure(errors="backslashreplace")
    with redirect_stdout(SafeStream(out)), redirect_stderr(SafeStream(err)):
        code = _run()
    sys.exit(code)


def _null_stream() -> TextIO:
    """In place of a stream that was closed before the start (`>&-`): Python sets it to None."""
    return open(os.devnull, "w")  # noqa: PTH123


def _run() -> int:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()  # a full disk raises here, where the error can still be reported
        if code == STOPPED:  # typer's result for Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except USAGE_ERROR as error:
        return _print_usage_error(error)
    except BrokenPipeError:
        # `wardrobe sql ... | head` closes the pipe early: not an error.
        _discard_output()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        print("wardrobe: stopped", file=sys.stderr)
        return STOPPED
    # All errors of all commands arrive here: wrong use, a disk, a damaged release, or a bug.
    except Exception as error:
        return _print_error(error)


def _print_error(error: Exception) -> int:
    """Print an error as one sentence, or the reasons against a release; a bug is raised again."""
    if isinstance(error, InputError) and not isinstance(error, EngineError):
        return _print_sentence(str(error), error.exit_code)
    from flows.pipelines.failures import sentence_of
    from flows.pipelines.outcome import PublicationBlocked

    if isinstance(error, PublicationBlocked):
        from flows.cli.output import print_rows

        print(error)
        if error.rejections is not None and error.rejections.num_rows:
            print_rows(error.rejections)
        return 1
    sentence = sentence_of(error)
    if sentence is None:
        raise error
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()
    return _print_sentence(sentence)


def _discard_output() -> None:
    """Discard what is buffered for a closed pipe or a full disk, instead of failing at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_sentence(sentence: str, exit_code: int = 2) -> int:
    """Print an error on one line; line breaks in file names are escaped."""
    print("wardrobe: " + sentence.replace("\n", "\\n"), file=sys.stderr)
    return exit_code


def _print_usage_error(error: Any) -> int:
    """Print a usage error as one sentence, or the help of a group without a command."""
    command = error.ctx.command_path if error.ctx else "wardrobe"
    message = error.format_message().removesuffix(".").replace("Value error, ", "")
    if error.ctx and message.startswith(error.ctx.get_help()[:20]):
        print(message, file=sys.stderr)
        return 2
    return _print_sentence(f"{message[:1].lower()}{message[1:]}: see `{command} --help`")

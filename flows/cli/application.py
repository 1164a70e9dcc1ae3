"""The entry point of `wardrobe`: runs a command; errors become sentences and exit codes."""

import os
import re
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from io import TextIOWrapper
from typing import Any, TextIO

import typer

from flows.cli.app import app
from flows.cli.json_log import FINISHED, is_json_log, print_event, set_log_format
from flows.cli.signals import sigterm_as_interrupt
from flows.cli.terminal import SafeStream
from schemas.errors import EngineError, InputError

_FIELD = re.compile(r"(?<= )\$(?:\.(?=\w)|(?=\[))")
_RECORD = re.compile(r"(?<= )\$(?=: )")

# Commands are listed in the order of these modules.
for module in (
    "demo",
    "ingest",
    "query",
    "inspect",
    "releases",
    "export",
    "evaluate",
    "compare",
    "submission",
    "pairs",
    "sample",
    "serve",
    "help",
):
    import_module(f"flows.cli.{module}")

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""The class of typer's usage errors; its module differs between versions of typer."""

STOPPED = 130
"""Exit code after Ctrl-C, as in shells."""

TERMINATED = 143
"""Exit code after SIGTERM, as in shells."""


def main() -> None:
    """Run the command line. Exit code 0: done; 1: a check failed, nothing published; 2: error."""
    out, err = (stream or _null_stream() for stream in (sys.stdout, sys.stderr))
    for stream in (out, err):
        if isinstance(stream, TextIOWrapper):  # escape what the locale cannot encode
            stream.reconfigure(errors="backslashreplace")
    set_log_format("text")
    with (
        redirect_stdout(SafeStream(out)),
        redirect_stderr(SafeStream(err)),
        sigterm_as_interrupt() as terminated,
    ):
        code = _run()
        if code == STOPPED:
            _print_outcome("stopped", "terminated" if terminated else "stopped")
            # DuckDB's binding prints eighty lines at the exit of an interrupted flow.
            with suppress(OSError):  # of a stream that is not a file
                _discard(err)
    sys.exit(TERMINATED if terminated else code)


def _null_stream() -> TextIO:
    """In place of a stream that was closed before the start (`>&-`): Python sets it to None."""
    return open(os.devnull, "w")  # noqa: PTH123


def _run() -> int:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()  # a full disk raises here, where the error can still be reported
        return code if isinstance(code, int) else 0
    except USAGE_ERROR as error:
        return _print_usage_error(error)
    except BrokenPipeError:
        return _closed_pipe()
    except SystemExit as end:
        # typer turns a closed pipe into exit code 1.
        if isinstance(end.__context__, BrokenPipeError):
            return _closed_pipe()
        raise
    except (KeyboardInterrupt, typer.Abort):
        return STOPPED
    # All errors of all commands arrive here: wrong use, a disk, a damaged release, or a bug.
    except Exception as error:
        return _print_error(error)


def _closed_pipe() -> int:
    """`wardrobe sql ... | head` closes the pipe early: not an error."""
    _discard(sys.stdout)
    return 0


def _print_error(error: Exception) -> int:
    """Print an error as one sentence, or the reasons against a release; a bug is raised again."""
    if isinstance(error, InputError) and not isinstance(error, EngineError):
        return _print_sentence(str(error), error.exit_code)
    from flows.pipelines.failures import sentence_of
    from flows.pipelines.outcome import PublicationBlocked

    if isinstance(error, PublicationBlocked):
        from flows.cli.output import print_rows

        print(error)
        if is_json_log():
            rejections = error.rejections.to_pylist() if error.rejections else []
            print_event(FINISHED, outcome="blocked", reason=str(error), rejections=rejections)
        if error.rejections is not None and error.rejections.num_rows:
            print_rows(error.rejections)
        return 1
    sentence = sentence_of(error)
    if sentence is None:
        if is_json_log():
            trace = "".join(traceback.format_exception(error))
            print_event(FINISHED, outcome="failed", reason=repr(error), traceback=trace)
            return 1
        raise error
    try:
        sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)
    return _print_sentence(sentence)


def _discard(stream: TextIO) -> None:
    """Discard what is buffered for a closed pipe or a full disk, and what would follow."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print_sentence(sentence: str, exit_code: int = 2) -> int:
    """Print an error on one line; line breaks in file names are escaped.

    Of a JSON path the fields are printed, and `the record` for the path of all of it.
    """
    sentence = _RECORD.sub("the record", _FIELD.sub("", sentence))
    _print_outcome("failed", sentence.replace("\n", "\\n"))
    return exit_code


def _print_outcome(outcome: str, reason: str) -> None:
    """Print why a command ended early, in the format of the log."""
    if is_json_log():
        print_event(FINISHED, outcome=outcome, reason=reason)
    else:
        print(f"wardrobe: {reason}", file=sys.stderr)


def _print_usage_error(error: Any) -> int:
    """Print a usage error as one sentence, or the help of a group without a command."""
    command = error.ctx.command_path if error.ctx else "wardrobe"
    message = error.format_message().removesuffix(".").replace("Value error, ", "")
    if error.ctx and message.startswith(error.ctx.get_help()[:20]):
        print(message, file=sys.stderr)
        return 2
    message = " ".join(message.split())  # choices are one below the other
    see = " See" if message.endswith("?") else ": see"
    return _print_sentence(f"{message[:1].lower()}{message[1:]}{see} `{command} --help`")

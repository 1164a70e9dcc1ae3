"""The shell of `wardrobe sql`: statements from a terminal, with history and completion."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output

from flows.cli.output import print_rows
from flows.cli.signals import Terminated
from flows.cli.terminal import raw_stream
from flows.pipelines.failures import sentence_of
from flows.pipelines.query import data_dictionary
from flows.pipelines.tables import table_rows

if TYPE_CHECKING:
    from flows.pipelines.query import Release, UserSession

HELP = """\
Statements end with `;` and may have several lines. Temporary tables, views and macros last until
the shell ends. Tab completes names, the arrow keys recall statements, also of earlier shells
(~/.wardrobe_history), Ctrl-C stops a query.

  .tables          list the tables of the release
  .schema [NAME]   list the columns of the tables and views, or of one of them
  .help            show this text
  .quit            leave; so does Ctrl-D"""


def run_shell(
    release: "Release", session: "UserSession", show: Callable[[Any], None], **terminal: Any
) -> None:
    """Read statements until the end of input; `show` prints the rows of each.

    Errors are printed, and the shell goes on. `terminal` replaces the input and output of
    prompt_toolkit.
    """
    prompt: PromptSession[str] = PromptSession(
        "wardrobe> ",
        multiline=True,
        prompt_continuation=lambda width, *_: "> ".rjust(width),
        key_bindings=_keys(session),
        history=_history(),
        enable_history_search=True,
        completer=WordCompleter(session.words, ignore_case=True),
        complete_while_typing=False,
        **{"output": create_output(raw_stream(sys.stdout)), **terminal},
    )
    print(f"release {release.id}; .help shows the commands, Ctrl-D leaves")
    while True:
        try:
            text = prompt.prompt().strip()
            if text in (".quit", ".exit"):
                return
            if text.startswith("."):
                _run_command(text, release)
            else:
                for rows in session.run(text):
                    show(rows)
        except Terminated:
            raise
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        except Exception as error:
            sentence = sentence_of(error)
            if sentence is None:
                raise
            print(f"wardrobe: {sentence}", file=sys.stderr)


def _run_command(text: str, release: "Release") -> None:
    match text.split():
        case [".tables"]:
            print_rows(table_rows(release.manifest))
        case [".schema"]:
            print_rows(data_dictionary(None))
        case [".schema", name]:
            print_rows(data_dictionary(name.rstrip(";")))
        case _:
            print(HELP)


def _keys(session: "UserSession") -> KeyBindings:
    """Enter runs a complete statement or a command of the shell; otherwise it starts a line."""
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = buffer.text.strip()
        if not text or text.startswith(".") or session.is_complete(text):
            buffer.validate_and_handle()
        else:
            buffer.newline()

    return keys


def _history() -> History:
    """Statements of earlier shells too, in a private file; in memory if it cannot be written."""
    try:
        path = Path.home() / ".wardrobe_history"
        path.touch(mode=0o600)
        with path.open("ab"):
            return FileHistory(path)
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return InMemoryHistory()

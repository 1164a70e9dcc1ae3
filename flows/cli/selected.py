"""The options --where, --keys and --exclude of exports, and notes on what they select."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from flows.cli.options import command_line_parameter
from flows.pipelines.request import record_parameters, takes_fields_of
from flows.pipelines.selection import Selection

if TYPE_CHECKING:
    from flows.pipelines.selected_rows import SelectedRows


def takes_selection(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the fields of Selection as options; it takes a Selection first."""
    options = [command_line_parameter(parameter) for parameter in record_parameters(Selection)]
    return takes_fields_of(Selection, options)(command)


def print_notes(selected: "SelectedRows | None", *others: str) -> None:
    """Print to stderr what was selected, and other sentences about an export."""
    for note in (*(selected.notes if selected else ()), *others):
        print(f"note: {note}", file=sys.stderr)

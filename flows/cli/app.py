"""The `wardrobe` command group that every module of commands adds to."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class CommandGroup(TyperGroup):
    """A group that lists its commands with the first line of their help, whole at any width."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        command: Any = super().get_command(ctx, cmd_name)
        if command is not None and command.help:
            command.short_help = command.help.partition("\n")[0]
        return command


app = typer.Typer(
    name="wardrobe",
    cls=CommandGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Topics, such as releases, checks and schedules: wardrobe help",
)


def _print_version(version: bool) -> None:
    if version:
        from importlib.metadata import version as installed_version

        import flows

        # The folder shows whether another package's `flows` was installed over this one.
        folder = Path(flows.__file__ or "").parent
        print(f"wardrobe {installed_version('wardrobe-lake')} ({folder})")
        raise typer.Exit


@app.callback()
def wardrobe(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Convert fashion annotation data sets into one columnar lake, and query it.

    Example: wardrobe demo
    """


def command_group(name: str, title: str) -> typer.Typer:
    """A group of commands within the application, such as `wardrobe export ...`."""
    group = typer.Typer(cls=CommandGroup, help=title, no_args_is_help=True)
    app.add_typer(group, name=name)
    return group

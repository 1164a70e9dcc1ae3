"""Verbs for the releases of a lake: releases, diff, rollback, verify."""

import sys
from typing import Annotated

import typer

from flows.cli.options import DEFAULT_LAKE, Format, FormatOption, LakeOption, OutputOption
from flows.cli.output import print_rows, write_rows


def releases(
    lake: LakeOption = DEFAULT_LAKE,
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, help="Delete all but the newest N.")
    ] = None,
    delete: Annotated[str | None, typer.Option("--delete", help="Delete this one.")] = None,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """List the releases, newest first; or delete old ones (never the current one).

    Example: wardrobe releases --keep 5
    """
    from flows.pipelines.releases import delete_releases, release_list

    if keep is not None or delete is not None:
        print(delete_releases(lake, keep=keep, delete=delete))
        return
    rows, damages = release_list(lake)
    write_rows(rows, form, output)
    for damage in damages:
        print(f"warning: {damage}", file=sys.stderr)


def diff(
    before: Annotated[str, typer.Argument(help="A release id or its beginning.")],
    after: Annotated[str, typer.Argument(help="A later one; `current` works.")],
    lake: LakeOption = DEFAULT_LAKE,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """Rows added, removed and changed between two releases, per table and category.

    Example: wardrobe diff 20261121T031500Z current
    """
    from flows.pipelines.releases import diff_releases

    rows = diff_releases(lake, before, after)
    if rows.num_rows == 0 and form is Format.table and output is None:
        print("the two releases hold the same rows")
        return
    write_rows(rows, form, output)


def rollback(
    release: Annotated[str | None, typer.Argument(help="The release to go back to.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Let ingests publish again after a rollback.")
    ] = False,
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Make an older release the current one; ingests then refuse to publish until --resume.

    Example: wardrobe rollback 20261121T031500Z
    """
    from flows.pipelines.releases import roll_back

    print(roll_back(lake, release, resume=resume))


def verify(
    release: Annotated[str | None, typer.Argument(help="A release; else the current one.")] = None,
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Read every file again: hashes, row counts, schemas, footers. Exit code 1 when one is off.

    Example: wardrobe verify
    """
    from flows.pipelines.releases import verify_release

    problems, files = verify_release(lake, release)
    if problems.num_rows:
        print_rows(problems)
        raise typer.Exit(1)
    print(f"{files} files are as the manifest says")


def register(app: typer.Typer) -> None:
    """Add these verbs to the application."""
    for verb in (releases, diff, rollback, verify):
        app.command()(verb)

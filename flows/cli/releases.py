"""Commands for the releases of a lake: releases, status, diff, rollback, verify."""

import json
import sys
from shutil import get_terminal_size
from textwrap import fill
from typing import Annotated, Literal

import typer

from flows.cli.app import app
from flows.cli.completion import complete_release
from flows.cli.options import DEFAULT_LAKE, FormatOption, LakeOption, OutputOption
from flows.cli.output import print_rows, write_rows


@app.command(epilog="Topic: wardrobe help releases")
def releases(
    lake: LakeOption = DEFAULT_LAKE,
    keep: Annotated[int | None, typer.Option(min=1, help="Delete all but the newest N.")] = None,
    delete: Annotated[
        str | None, typer.Option(help="Delete this release.", autocompletion=complete_release)
    ] = None,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """List the releases, newest first, or delete old ones.

    The current release is never deleted.

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


@app.command()
def status(
    max_age: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="Exit with 1 if no run succeeded for 90m, 26h or 2d."),
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="Output format.")
    ] = "text",
) -> None:
    """Show whether a lake is up to date, for monitoring.

    Exit code 1 if no run succeeded within --max-age, the last run failed, a check of the current
    release found an error, or a file of it is missing. A run that finds nothing new is successful.

    Example: wardrobe status --max-age 26h
    """
    from flows.pipelines.status import lake_status, parse_age

    state = lake_status(lake, parse_age(max_age) if max_age is not None else None)
    if form == "json":
        print(json.dumps(state.as_record(), ensure_ascii=False))
    else:
        width = get_terminal_size().columns
        for name, text in state.as_texts().items():
            print(fill(f"{name:<14}{text}", width, subsequent_indent=" " * 14))
    if state.problems:
        raise typer.Exit(1)


@app.command()
def diff(
    before: Annotated[
        str,
        typer.Argument(help="A release id or its beginning.", autocompletion=complete_release),
    ],
    after: Annotated[
        str,
        typer.Argument(help="A later release, or `current`.", autocompletion=complete_release),
    ],
    lake: LakeOption = DEFAULT_LAKE,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """Count rows added, removed and changed between two releases.

    Example: wardrobe diff 20261121T031500Z current
    """
    from flows.pipelines.releases import diff_releases

    rows = diff_releases(lake, before, after)
    write_rows(rows, form, output, empty="the two releases hold the same rows")


@app.command(epilog="Topic: wardrobe help releases")
def rollback(
    release: Annotated[
        str | None,
        typer.Argument(help="The release to roll back to.", autocompletion=complete_release),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Let ingests publish again after a rollback.")
    ] = False,
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Make an older release the current one.

    Ingests do not publish until `--resume`.

    Example: wardrobe rollback 20261121T031500Z
    """
    from flows.pipelines.releases import roll_back

    print(roll_back(lake, release, resume=resume))


@app.command()
def verify(
    release: Annotated[
        str | None,
        typer.Argument(help="A release; default: current.", autocompletion=complete_release),
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Compare all files of a release with its manifest.

    Reads hashes, row counts, schemas and footers; exit code 1 if one differs.

    Example: wardrobe verify
    """
    from flows.pipelines.releases import verify_release

    problems, files = verify_release(lake, release)
    if problems.num_rows:
        print_rows(problems)
        raise typer.Exit(1)
    print(f"{files} files are as the manifest says")

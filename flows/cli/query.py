"""Verbs for questions: query, sql, check, rejections."""

from typing import Annotated

import typer

from flows.cli.options import (
    DEFAULT_LAKE,
    Format,
    FormatOption,
    LakeOption,
    OutputOption,
    ReleaseOption,
)
from flows.cli.output import write_rows
from schemas.errors import InputError
from schemas.rejections import RULES


def query(
    name: Annotated[
        str | None, typer.Argument(help="A query of sql/; without one, the list.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter as name=value; repeatable.")
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """Answer one of the project's own questions; without a name, list them.

    Example: wardrobe query items_by_category
    """
    from flows.pipelines.query import answer, known_queries

    if name is None:
        write_rows(known_queries(), form, output)
        return
    parameters = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"--set {setting} has no `=`: write --set name=value")
        parameters[key] = value
    with answer(lake, release, name, parameters) as rows:
        write_rows(rows, form, output)


def sql(
    text: Annotated[
        str, typer.Argument(help="SQL over the tables of the release; several statements with `;`.")
    ],
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, metavar="SECONDS", help="Stop the query after this time."),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="SIZE", help="Limit of DuckDB's memory, as 4GB."),
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """Run your own SQL (DuckDB) on a release and show the rows of the last statement that has some.

    Nothing outside the release can be read, and nothing can be written: temporary tables, views
    and macros end with the command. Paths of files are release://NAME, as in the manifest.

    Example: wardrobe sql "select category_name, count(*) from items group by all order by 2 desc"
    """
    from flows.pipelines.query import user_sql

    with user_sql(lake, release, text, timeout=timeout, memory_limit=memory) as rows:
        write_rows(rows, form, output)


def check(
    sql_of: Annotated[
        str | None,
        typer.Option("--sql", metavar="NAME", help="Print the SQL of this check; run nothing."),
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """Run all checks on a release and print the verdicts; exit code 1 when an error is found.

    A check that cannot run is an error with its message. All rows of a check: wardrobe query NAME.

    Example: wardrobe check
    """
    from flows.pipelines.query import check_release, check_sql

    if sql_of is not None:
        print(check_sql(sql_of), end="")
        return
    verdicts = check_release(lake, release)
    write_rows(verdicts, form, output)
    if "error" in verdicts["verdict"].to_pylist():
        raise typer.Exit(1)


def rejections(
    rule: Annotated[
        str | None, typer.Option("--rule", help=f"Only this reason: {', '.join(RULES)}.")
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """What was refused and why: counts by rule with an example each.

    Example: wardrobe rejections --rule landmark_count
    """
    from flows.pipelines.query import rejections_of

    rows = rejections_of(lake, release, rule)
    if rows.num_rows == 0 and form is Format.table and output is None:
        print("nothing was refused" + (f" for {rule}" if rule else ""))
        return
    write_rows(rows, form, output)


def register(app: typer.Typer) -> None:
    """Add these verbs to the application."""
    for verb in (query, sql, check, rejections):
        app.command()(verb)

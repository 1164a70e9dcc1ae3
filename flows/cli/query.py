"""Commands that query a release: query, sql, check, rejections."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.completion import complete_check, complete_query, complete_rule
from flows.cli.options import (
    DEFAULT_LAKE,
    EngineOption,
    FormatOption,
    LakeOption,
    MasterOption,
    OutputOption,
    ReleaseOption,
    spark_master,
)
from flows.cli.output import print_rows, write_rows
from schemas.errors import InputError
from schemas.rejection_rules import RULES


@app.command()
def query(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A query of sql/; default: list all queries.", autocompletion=complete_query
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter as name=value; repeatable.")
    ] = None,
    describe: Annotated[
        bool,
        typer.Option("--describe", help="Print its rule, parameters and columns; run nothing."),
    ] = False,
    list_all: Annotated[
        bool, typer.Option("--all", help="List the queries of exports and the report too.")
    ] = False,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    engine: EngineOption = "duckdb",
    master: MasterOption = None,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """Run one of the project's queries, or list them.

    Example: wardrobe query items_by_category
    """
    from flows.pipelines.engines import sql_engine
    from flows.pipelines.query import named_query, query_description, query_list

    if describe:
        if name is None:
            raise InputError("--describe needs the name of a query: `wardrobe query` lists them")
        rule, columns = query_description(name)
        if form == "table" and output is None:
            print(rule, end="\n\n")
        write_rows(columns, form, output)
        return
    if name is None:
        if settings:
            raise InputError("--set is for a query: name it before, as `wardrobe query` lists it")
        write_rows(query_list(internal=list_all), form, output)
        return
    parameters: dict[str, str] = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"--set {setting} has no `=`: write --set name=value")
        if key in parameters:
            raise InputError(f"--set gives {key} twice: {parameters[key]} and {value}")
        parameters[key] = value
    with (
        sql_engine(spark_master(engine, master)) as opened,
        named_query(lake, release, name, parameters, opened) as rows,
    ):
        write_rows(rows, form, output)


@app.command()
def sql(
    text: Annotated[
        str | None,
        typer.Argument(help="SQL; default: that of --file or of standard input, or a shell."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="File with SQL; `-`: standard input.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="Stop the query after this time."),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Limit DuckDB's memory, for example to 4GB."),
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """Run SQL (DuckDB) on a release, or open a shell on a terminal.

    Separates statements by `;` and prints the rows of the last one that returns some; the shell
    prints those of each. A statement can read the release only, and write nothing: temporary
    tables, views and macros end with the command. Paths of files are release://NAME, as in the
    manifest. `wardrobe schema` lists tables and views.

    Example: wardrobe sql "select category_name, count(*) from items group by all order by 2 desc"
    """
    from flows.pipelines.query import sql_session, user_sql

    if text is not None and file is not None:
        raise InputError("give SQL as an argument or with --file, not both.")
    from_input = text is None and file in (None, Path("-"))
    if from_input and (sys.stdin is None or sys.stdin.isatty()):
        if sys.stdin is None or not sys.stdout.isatty() or output is not None:
            raise InputError("no SQL: give it as an argument, with --file or on standard input.")
        from flows.cli.sql_shell import run_shell

        with sql_session(lake, release, timeout=timeout, memory_limit=memory) as session:
            run_shell(*session, lambda rows: write_rows(rows, form, None))
        return
    if text is None:
        text = _sql_of(file or Path("-"))
    with user_sql(lake, release, text, timeout=timeout, memory_limit=memory) as rows:
        write_rows(rows, form, output)


def _sql_of(file: Path) -> str:
    """The text of a file; of standard input for `-`."""
    data = sys.stdin.buffer.read() if file == Path("-") else file.read_bytes()
    # What is not UTF-8 is refused with the SQL.
    return data.decode("utf-8-sig", "surrogateescape")


@app.command(epilog="What to do about each check: wardrobe help checks")
def check(
    sql_of: Annotated[
        str | None,
        typer.Option(
            "--sql",
            metavar="NAME",
            help="Print the SQL of this check; run nothing.",
            autocompletion=complete_check,
        ),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Print all checks; files contain them always.")
    ] = False,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    engine: EngineOption = "duckdb",
    master: MasterOption = None,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """Run all checks on a release; print those that found rows.

    Also prints those that could not examine all rows. A verdict is ok, warn or error (rows were
    found), or not checkable: no row could be examined, because the release lacks what the check
    needs. Exit code 1 if one finds an error or cannot run. Rows of a check: wardrobe query NAME.

    Example: wardrobe check
    """
    from flows.pipelines.engines import sql_engine
    from flows.pipelines.query import check_release, check_sql

    if sql_of is not None:
        print(check_sql(sql_of), end="")
        return
    with sql_engine(spark_master(engine, master)) as opened:
        verdicts = check_release(lake, release, opened)
    outcomes = verdicts["verdict"].to_pylist()
    if show_all or output is not None or form != "table":
        write_rows(verdicts, form, output)
    else:
        shown = [
            row
            for row, verdict in enumerate(verdicts.to_pylist())
            if verdict["verdict"] in ("warn", "error") or verdict["not_examined"]
        ]
        if shown:
            print_rows(verdicts.take(shown))
        counts = ", ".join(f"{count} {word}" for word, count in Counter(outcomes).most_common())
        print(f"{len(outcomes)} checks: {counts}")
    if "error" in outcomes:
        raise typer.Exit(1)


@app.command(epilog="What to do about each rule: wardrobe help rejections")
def rejections(
    rule: Annotated[
        str | None,
        typer.Option(
            help=f"List what broke this rule: {', '.join(RULES)}.", autocompletion=complete_rule
        ),
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """Count what was refused, by rule, with an example each.

    With --rule, list the files and items that broke it.

    Example: wardrobe rejections --rule landmark_count
    """
    from flows.pipelines.query import rejections_of

    rows = rejections_of(lake, release, rule)
    nothing = "nothing was refused" + (f" for {rule}" if rule else "")
    write_rows(rows, form, output, empty=nothing)

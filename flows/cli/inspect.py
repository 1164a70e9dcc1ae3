"""Verbs for looking at a release: tables, schema, path, show, report."""

import sys
from pathlib import Path
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
from flows.cli.password import PasswordFileOption, use_password_of
from flows.cli.progress import progress


def tables(
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """Tables of a release: rows, bytes, files and partitions.

    Example: wardrobe tables --lake lake
    """
    from flows.pipelines.query import release_tables

    write_rows(release_tables(lake, release), form, output)


def schema(
    table: Annotated[str | None, typer.Argument(help="A table; else all of them.")] = None,
    form: FormatOption = Format.table,
    output: OutputOption = None,
) -> None:
    """The data dictionary: every column with its type, unit and meaning, from the declarations.

    Example: wardrobe schema landmarks
    """
    from flows.pipelines.query import data_dictionary

    write_rows(data_dictionary(table), form, output)


def path(lake: LakeOption = DEFAULT_LAKE, release: ReleaseOption = None) -> None:
    """Folder of the release that `current` means now, for programs that read Parquet.

    Example: duckdb -c "select count(*) from '$(wardrobe path)/items/*/*/*.parquet'"
    """
    from flows.pipelines.query import open_release

    print(open_release(lake, release).path)


def show(
    dataset: Annotated[str, typer.Argument(help="deepfashion2, fashionai or fashion-mnist.")],
    split: Annotated[str, typer.Argument(help="train, validation, ...")],
    image_id: Annotated[int, typer.Argument(help="Number of the image within the split.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG file to write.")],
    pair: Annotated[
        bool, typer.Option("--pair", help="All pictures of its pair_id, users left, shops right.")
    ] = False,
    password_file: PasswordFileOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Draw a picture with its box, outline and landmarks.

    Example: wardrobe show deepfashion2 train 1 --output one.png
    """
    from flows.pipelines.show import show_image

    use_password_of(password_file)
    print(show_image(lake, release, dataset, split, image_id, output=output, pair=pair))


def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path(
        "report.html"
    ),
    password_file: PasswordFileOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """One self-contained page: totals, plots, annotated pictures, rejections, checks.

    Example: wardrobe report --output report.html
    """
    from flows.pipelines.report import make_report

    use_password_of(password_file)
    with progress() as on_progress:
        trouble = make_report(lake, release, output=output, on_progress=on_progress)
    print(output)
    if trouble:
        print(f"note: pictures are missing in it: {trouble}", file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add these verbs to the application."""
    for verb in (tables, schema, path, show, report):
        app.command()(verb)

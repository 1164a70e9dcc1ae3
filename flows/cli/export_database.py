"""The command that writes a release as one DuckDB file: export duckdb."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.export import export
from flows.cli.options import DEFAULT_LAKE, LakeOption, ReleaseOption, output_file
from flows.cli.progress import progress


@export.command()
def duckdb(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="DuckDB file to write.", callback=output_file)
    ],
    copy: Annotated[
        bool, typer.Option("--copy", help="Write the rows into the file, to hand it on.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing file.")] = False,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Write a release as one DuckDB file, for SQL clients.

    DuckDB 1.4 or newer reads it. Tables, statistics and views have comments on their columns. Every
    query of `wardrobe query` is a macro that takes its parameters with the prefix `p_`: from
    retrieval_gallery(p_strict := true). Where the file is attached, `use` it before a macro.

    Without --copy the tables are views over the files of this release, at their absolute paths:
    they need the lake in its place and the release in it. A later release needs another export.

    Example: wardrobe export duckdb --output lake.duckdb
    """
    from flows.pipelines.export import export_duckdb
    from flows.pipelines.tables import open_release

    opened = open_release(lake, release)
    with progress() as on_progress:
        export_duckdb(opened, output, copy=copy, replace=replace, on_progress=on_progress)
    print(f"{output}: {'copy of' if copy else 'views over'} release {opened.id}")

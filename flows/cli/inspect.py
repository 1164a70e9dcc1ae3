"""Commands that show a release: tables, schema, path, show, report."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.completion import complete_table
from flows.cli.options import (
    DEFAULT_LAKE,
    DatasetArgument,
    FormatOption,
    LakeOption,
    OutputOption,
    PasswordFileOption,
    ReleaseOption,
    SplitArgument,
    output_file,
    predictions_option,
    use_password_of,
)
from flows.cli.output import write_rows
from flows.cli.progress import progress


@app.command()
def tables(
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """List the tables and statistics of a release: rows, bytes and partitions.

    Example: wardrobe tables --lake lake
    """
    from flows.pipelines.query import open_release, table_rows

    write_rows(table_rows(open_release(lake, release).manifest), form, output)


@app.command()
def schema(
    table: Annotated[
        str | None,
        typer.Argument(
            help="A table or statistic; default: all of them.", autocompletion=complete_table
        ),
    ] = None,
    form: FormatOption = "table",
    output: OutputOption = None,
) -> None:
    """List the columns of tables and statistics: meaning, type and unit.

    `wardrobe query NAME --describe` does it for other queries.

    Example: wardrobe schema landmarks
    """
    from flows.pipelines.query import data_dictionary

    write_rows(data_dictionary(table), form, output)


@app.command()
def path(lake: LakeOption = DEFAULT_LAKE, release: ReleaseOption = None) -> None:
    """Print the folder of a release, for programs that read Parquet.

    Example: duckdb -c "select count(*) from '$(wardrobe path)/items/*/*/*.parquet'"
    """
    from flows.pipelines.query import open_release

    print(open_release(lake, release).path)


@app.command()
def show(
    dataset: DatasetArgument,
    split: SplitArgument,
    image_id: Annotated[
        int, typer.Argument(min=0, max=2**63 - 1, help="Number of the image within the split.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="File to write: .png, .jpg or .webp.", callback=output_file
        ),
    ],
    pair: Annotated[
        bool,
        typer.Option("--pair", help="Draw all pictures of its pair_id: users left, shops right."),
    ] = False,
    predictions: Annotated[
        list[Path] | None, predictions_option("File of predictions to draw; repeatable.")
    ] = None,
    min_score: Annotated[
        float, typer.Option("--min-score", help="Draw predictions from this score.")
    ] = 0.3,
    password_file: PasswordFileOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Draw a picture with its boxes, outlines and landmarks.

    With --predictions, those for the image are drawn over them, dashed and with their scores: COCO
    results (boxes, keypoints or masks; JSON or Parquet) and the CSV files of FashionAI.

    Example: wardrobe show deepfashion2 train 1 --output one.png
    """
    from flows.pipelines.output import require_distinct_files
    from flows.pipelines.show import show_image

    require_distinct_files([output], predictions or ())
    use_password_of(password_file)
    sentence = show_image(
        lake,
        release,
        dataset,
        split,
        image_id,
        output=output,
        pair=pair,
        predictions=predictions or (),
        min_score=min_score,
    )
    print(sentence)


@app.command()
def report(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="HTML file to write.", callback=output_file)
    ] = Path("report.html"),
    scores: Annotated[
        list[Path] | None,
        typer.Option(
            "--scores", metavar="FILE", help="Parquet file of scores to show; repeatable."
        ),
    ] = None,
    details: Annotated[
        list[Path] | None,
        typer.Option(
            "--details", metavar="FILE", help="Parquet file of details to plot; repeatable."
        ),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        predictions_option("Predictions of --details: draw the worst; repeatable."),
    ] = None,
    password_file: PasswordFileOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Write an HTML page with totals, plots, pictures and checks.

    Scores and details are files that `wardrobe evaluate` wrote for this release. The page shows the
    scores next to published ones, plots by attribute and category, precision over recall and
    confused categories and, where it has the predictions, the worst items.

    Example: wardrobe report --output report.html
    """
    from flows.pipelines.output import require_distinct_files
    from flows.pipelines.report import make_report

    require_distinct_files([output], [*(scores or ()), *(details or ()), *(predictions or ())])
    use_password_of(password_file)
    with progress() as on_progress:
        missing = make_report(
            lake,
            release,
            output=output,
            scores=scores or (),
            details=details or (),
            predictions=predictions or (),
            on_progress=on_progress,
        )
    print(output)
    if missing:
        print(f"note: pictures are missing in it: {missing}", file=sys.stderr)

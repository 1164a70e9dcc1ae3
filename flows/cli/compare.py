"""The command that compares the details of two evaluations: compare."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.options import rows_file
from flows.cli.output import print_rows, with_subsets
from flows.cli.progress import progress


@app.command(epilog="Topic: wardrobe help scores")
def compare(
    a: Annotated[Path, typer.Argument(help="Details of an evaluation.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Details of another one.", metavar="B")],
    samples: Annotated[
        int, typer.Option(min=1, max=10_000, help="Bootstrap samples of the images.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same samples.")] = 0,
    confidence: Annotated[float, typer.Option(help="Confidence of the intervals.")] = 0.95,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=".csv, .json or .parquet file.", callback=rows_file),
    ] = None,
) -> None:
    """Compare the scores of two evaluations, with bootstrap intervals.

    A and B are files of `wardrobe evaluate --details` for the same task, split and truth. Every
    score that details determine is computed again; scores by area of the items are not among them.
    The difference is that of B minus that of A. Its interval is between quantiles over samples of
    the images, drawn with replacement, the same for A and B. `differs` says whether 0 is outside:
    at a confidence of 0.95, expect that of one in twenty scores without a true difference.

    Example: wardrobe compare first.details.parquet second.details.parquet
    """
    from flows.pipelines.compare import compare as compare_details
    from flows.pipelines.output import require_distinct_files
    from flows.pipelines.row_formats import write_file

    require_distinct_files([output], [a, b])
    with progress() as on_progress:
        comparison = compare_details(
            a, b, samples=samples, seed=seed, confidence=confidence, on_progress=on_progress
        )
    rows = comparison.rows
    if output:  # first: printing ends the command where `head` closes the pipe
        write_file(rows, None, output)
    rows = with_subsets(rows)
    # The answer first: a narrow terminal leaves out the last columns.
    answer = ["metric", "subset", "score_a", "score_b", "difference", "differs"]
    print_rows(rows.select([*answer, *(name for name in rows.column_names if name not in answer)]))
    for note in comparison.notes:
        print(f"note: {note}", file=sys.stderr)

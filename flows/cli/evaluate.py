"""Commands that score predictions, one for each task."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from flows.cli.app import command_group
from flows.cli.ingest import prefect_run
from flows.cli.options import (
    DEFAULT_LAKE,
    Dataset,
    LakeOption,
    PrefectOption,
    ReleaseOption,
    output_file,
)
from flows.cli.output import print_rows
from flows.cli.prefect_settings import configured_api
from flows.cli.progress import progress
from schemas.errors import InputError

evaluate = command_group(
    "evaluate",
    "Score predictions against a split of a release.\n\n"
    "Example: wardrobe evaluate detection --split validation --predictions boxes.json",
)

DatasetOption = Annotated[Dataset, typer.Option("--dataset", help="Data set.")]
SplitOption = Annotated[str, typer.Option("--split", help="Split that the predictions are for.")]
PredictionsOption = Annotated[
    list[Path], typer.Option("--predictions", help="File of predictions; repeatable.")
]
ByOption = Annotated[
    str, typer.Option("--by", help="Attributes to score by as well, separated by commas.")
]
ScoresOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Scores: .csv, .json or .parquet.", callback=output_file),
]
DetailsOption = Annotated[
    Path | None,
    typer.Option(
        "--details", help="Parquet file for the rows behind the scores.", callback=output_file
    ),
]
ModeOption = Annotated[
    Literal["both", "ignored", "removed"],
    typer.Option(
        "--mode",
        help="Items outside a subset of --by: ignored (detections that match them do not count), "
        "removed from the truth (such detections are false positives), or both. The authors' code "
        "for their subset tables is not published. Ignored is nearer to these tables: they give "
        "AP 0.624 for no_wear, about 7 % of the items, and with the others removed precision "
        "hardly exceeds the share of the subset.",
    ),
]


@evaluate.command()
def detection(
    split: SplitOption,
    predictions: PredictionsOption,
    dataset: DatasetOption = "deepfashion2",
    by: ByOption = "",
    mode: ModeOption = "both",
    output: ScoresOption = None,
    details: DetailsOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    prefect: PrefectOption = False,
) -> None:
    """Score detected boxes in COCO's result format: AP and AR.

    Example: wardrobe evaluate detection --split validation --predictions boxes.json --by scale
    """
    run_evaluation("detection", dataset, split, predictions, by, output, details, lake,
        release, prefect, {"mode": mode})  # fmt: skip


@evaluate.command()
def landmarks(
    split: SplitOption,
    predictions: PredictionsOption,
    dataset: DatasetOption = "deepfashion2",
    by: ByOption = "",
    mode: ModeOption = "both",
    output: ScoresOption = None,
    details: DetailsOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    prefect: PrefectOption = False,
) -> None:
    """Score detected landmarks: AP and AR for visible ones, and with occluded ones.

    Example: wardrobe evaluate landmarks --split validation --predictions landmarks.json
    """
    run_evaluation("landmarks", dataset, split, predictions, by, output, details, lake,
        release, prefect, {"mode": mode})  # fmt: skip


@evaluate.command()
def segmentation(
    split: SplitOption,
    predictions: PredictionsOption,
    dataset: DatasetOption = "deepfashion2",
    by: ByOption = "",
    mode: ModeOption = "both",
    output: ScoresOption = None,
    details: DetailsOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    prefect: PrefectOption = False,
) -> None:
    """Score detected masks in COCO's result format: AP and AR; areas of items are of boxes.

    Example: wardrobe evaluate segmentation --split validation --predictions masks.json
    """
    run_evaluation("segmentation", dataset, split, predictions, by, output, details, lake,
        release, prefect, {"mode": mode})  # fmt: skip


@evaluate.command()
def classification(
    split: SplitOption,
    predictions: PredictionsOption,
    dataset: DatasetOption = "fashion-mnist",
    by: ByOption = "",
    output: ScoresOption = None,
    details: DetailsOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    prefect: PrefectOption = False,
) -> None:
    """Score predicted categories of pictures: accuracy.

    Example: wardrobe evaluate classification --split test --predictions classes.csv
    """
    run_evaluation("classification", dataset, split, predictions, by, output, details, lake,
        release, prefect, {})  # fmt: skip


@evaluate.command()
def retrieval(
    split: SplitOption,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(
            "--predictions",
            help="File of result rows of the authors' format, JSON or Parquet; repeatable.",
        ),
    ] = None,
    embeddings: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--embeddings",
            help="Instead of --predictions: Parquet files of the queries and of the gallery, with "
            "the columns image_id, item_no, embedding (a list of floats of a fixed size) and, "
            "where it is of a detected box, box (x1, y1, x2, y2). The nearest 20 are computed.",
            metavar="QUERIES GALLERY",
        ),
    ] = None,
    dataset: DatasetOption = "deepfashion2",
    boxes: Annotated[
        Literal["detected", "truth"],
        typer.Option(
            "--boxes",
            help="Boxes of --predictions. With `truth` each has to be that of an annotated item, "
            "else the file is refused, and the metrics are top-1_truth, ...: scores on "
            "ground-truth boxes cannot be compared with those on detected ones. The rule is the "
            "same. Embeddings without a box are of ground-truth boxes.",
        ),
    ] = "detected",
    similarity: Annotated[
        Literal["cosine", "dot", "euclidean"],
        typer.Option("--similarity", help="How --embeddings are compared."),
    ] = "cosine",
    min_identical: Annotated[
        int,
        typer.Option(
            "--min-identical",
            min=0,
            help="Score only queries with at least so many items of the same pair_id and style in "
            "the gallery; the authors' table by attributes is for more than 5: 6. The metrics "
            "are then top-1_identical_6, ...",
        ),
    ] = 0,
    by: ByOption = "",
    output: ScoresOption = None,
    details: DetailsOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    prefect: PrefectOption = False,
) -> None:
    """Score consumer-to-shop retrieval: top-1, 5, 10, 15 and 20 accuracy by the authors' rule.

    A score is a share of all consumers' items with a style above zero. --by takes scale,
    occlusion, zoom_in, viewpoint and category of the query.

    Example: wardrobe evaluate retrieval --split validation --predictions results.json
    """
    if bool(predictions) == bool(embeddings):
        raise InputError("give either --predictions or --embeddings.")
    if embeddings and boxes == "truth":
        raise InputError("--boxes is for --predictions; embeddings without a box need it not.")
    options = {"embeddings": bool(embeddings), "boxes": boxes, "similarity": similarity,
        "min_identical": min_identical}  # fmt: skip
    run_evaluation("retrieval", dataset, split, list(embeddings or predictions or ()), by, output,
        details, lake, release, prefect, options)  # fmt: skip


def run_evaluation(
    task: str,
    dataset: str,
    split: str,
    predictions: list[Path],
    by: str,
    output: Path | None,
    details: Path | None,
    lake: Path,
    release: str | None,
    prefect: bool,
    options: dict[str, Any],
) -> None:
    """Evaluate, print the scores and the published ones, and write the named files."""
    from flows.pipelines.evaluate import Evaluation, evaluate, with_published
    from flows.pipelines.row_formats import write_file

    arguments: dict[str, Any] = {
        "task": task,
        "dataset": dataset,
        "split": split,
        "by": [name.strip() for name in by.split(",") if name.strip()],
        "details": details is not None,
        "options": options,
    }
    if prefect or configured_api():
        with prefect_run(lake):
            from flows.evaluate import evaluate_flow

            paths = [str(path) for path in predictions]
            scored = cast(
                Evaluation,
                evaluate_flow(lake=str(lake), release=release, predictions=paths, **arguments),
            )
    else:
        with progress() as on_progress:
            scored = evaluate(
                lake, release, predictions=predictions, on_progress=on_progress, **arguments
            )
    print_rows(with_published(scored.scores))
    for note in scored.notes:
        print(f"note: {note}", file=sys.stderr)
    if output:
        write_file(scored.scores, None, output)
    if details and scored.details is not None:
        write_file(scored.details, "parquet", details)

"""Commands that score predictions: evaluate detection, landmarks, retrieval, ..."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from flows.cli.app import command_group
from flows.cli.ingest import prefect_run
from flows.cli.json_log import FINISHED, is_json_log, print_event
from flows.cli.options import (
    DEFAULT_LAKE,
    LakeOption,
    LogOption,
    PrefectOption,
    ReleaseOption,
    parquet_file,
    predictions_option,
    rows_file,
)
from flows.cli.output import print_rows, with_subsets
from flows.cli.prefect_settings import configured_api
from flows.cli.progress import progress
from flows.pipelines.request import record_parameters, takes_fields_of
from schemas.errors import InputError

evaluate = command_group(
    "evaluate",
    "Score predictions against a split of a release.\n\n"
    "Example: wardrobe evaluate detection --split validation --predictions boxes.json",
)

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
RowsOption = Annotated[
    list[Path] | None,
    predictions_option("File of result rows of the authors' format, JSON or Parquet; repeatable."),
]


@dataclass(frozen=True)
class SharedOptions:
    """The options that the commands of all tasks have."""

    split: Annotated[str, typer.Option("--split", help="Split that the predictions are for.")]
    dataset: str  # each command declares its option: see scored_datasets
    predictions: Annotated[list[Path], predictions_option()] = field(default_factory=list)
    by: Annotated[
        str, typer.Option("--by", help="Attributes to score by as well, separated by commas.")
    ] = ""
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Scores: .csv, .json or .parquet.", callback=rows_file),
    ] = None
    details: Annotated[
        Path | None,
        typer.Option(
            "--details", help="Parquet file for the rows behind the scores.", callback=parquet_file
        ),
    ] = None
    lake: LakeOption = DEFAULT_LAKE
    release: ReleaseOption = None
    prefect: PrefectOption = False
    log_format: LogOption = "text"


def scored_datasets(*names: str) -> dict[str, Any]:
    """The option `--dataset` of a task: the data sets that it is scored for, the first if none."""
    option = typer.Option("--dataset", help="Data set.")
    return {"annotation": Annotated[Literal[names], option], "default": names[0]}


def takes_shared_options(
    **changes: dict[str, Any],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the fields of SharedOptions as options; it takes these as first parameter.

    `changes` has, by field, the `default` or `annotation` of a command.
    """
    parameters = record_parameters(SharedOptions)
    return takes_fields_of(
        SharedOptions, [each.replace(**changes.get(each.name, {})) for each in parameters]
    )


@evaluate.command(epilog="Topic: wardrobe help scores")
@takes_shared_options(dataset=scored_datasets("deepfashion2"))
def detection(shared: SharedOptions, mode: ModeOption = "both") -> None:
    """Score detected boxes in COCO's result format: AP and AR.

    Example: wardrobe evaluate detection --split validation --predictions boxes.json --by scale
    """
    run_evaluation("detection", shared, mode=mode)


@evaluate.command(epilog="Topic: wardrobe help scores")
@takes_shared_options(dataset=scored_datasets("deepfashion2", "fashionai"))
def landmarks(
    shared: SharedOptions,
    mode: Annotated[
        Literal["ignored", "removed", "both"] | None,
        typer.Option(
            help="DeepFashion2: items outside a subset are ignored or removed; default: both.",
            show_default=False,
        ),
    ] = None,
    one_end_absent: Annotated[
        Literal["authors", "skip"] | None,
        typer.Option(
            help="FashionAI: an image with one end of its normaliser absent is scored as its "
            "authors do, with that end at (-1, -1), or skipped; default: authors.",
            show_default=False,
        ),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="FashionAI: refuse predictions that lack images.")
    ] = False,
) -> None:
    """Score predicted landmarks: AP and AR of DeepFashion2, normalised error (NE) of FashionAI.

    DeepFashion2: results in COCO's format are scored for visible landmarks, and with occluded ones.

    FashionAI: NE of a submission CSV with image_id, image_category and the 24 key points as x_y_v,
    with or without a header. NE is the mean distance of the visible points, divided by the distance
    between the armpits or the ends of the waistband. Images without a prediction are counted, not
    scored; --by category,landmark adds the scores of each.

    Example: wardrobe evaluate landmarks --dataset fashionai --split test_a --predictions points.csv
    """
    options = {"mode": mode, "one_end_absent": one_end_absent, "complete": complete or None}
    # Each option is of one data set: those that are absent are not passed on.
    chosen = {name: value for name, value in options.items() if value is not None}
    run_evaluation("landmarks", shared, **chosen)


@evaluate.command(epilog="Topic: wardrobe help scores")
@takes_shared_options(dataset=scored_datasets("deepfashion2"))
def segmentation(shared: SharedOptions, mode: ModeOption = "both") -> None:
    """Score detected masks in COCO's result format: AP and AR; areas of items are of boxes.

    Example: wardrobe evaluate segmentation --split validation --predictions masks.json
    """
    run_evaluation("segmentation", shared, mode=mode)


@evaluate.command(epilog="Topic: wardrobe help scores")
@takes_shared_options(dataset=scored_datasets("fashion-mnist"))
def classification(shared: SharedOptions) -> None:
    """Score predicted categories of pictures: accuracy, precision, recall, confusion table.

    A CSV or Parquet file has the columns image_id and category (number or name), or image_id and a
    column of scores for each category; of equal scores the lowest category number counts. --by
    category adds precision and recall, --by predicted the confusion table.

    Example: wardrobe evaluate classification --split test --predictions classes.csv
    """
    run_evaluation("classification", shared)


@evaluate.command(epilog="Topic: wardrobe help scores")
@takes_shared_options(
    dataset=scored_datasets("deepfashion2"),
    predictions={"annotation": RowsOption, "default": None},
)
def retrieval(
    shared: SharedOptions,
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
        Literal["cosine", "dot", "euclidean"] | None,
        typer.Option(
            "--similarity",
            help="How --embeddings are compared; default: cosine.",
            show_default=False,
        ),
    ] = None,
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
) -> None:
    """Score consumer-to-shop retrieval: top-1, 5, 10, 15 and 20 accuracy by the authors' rule.

    A score is a share of all consumers' items with a style above zero. --by takes scale,
    occlusion, zoom_in, viewpoint and category of the query.

    Example: wardrobe evaluate retrieval --split validation --predictions results.json
    """
    if bool(shared.predictions) == bool(embeddings):
        raise InputError("give either --predictions or --embeddings.")
    if embeddings and boxes == "truth":
        raise InputError("--boxes is for --predictions; embeddings without a box need it not.")
    if similarity and not embeddings:
        raise InputError("--similarity is for --embeddings.")
    run_evaluation(
        "retrieval",
        replace(shared, predictions=list(embeddings or shared.predictions)),
        embeddings=bool(embeddings),
        boxes=boxes,
        similarity=similarity or "cosine",
        min_identical=min_identical,
    )


def run_evaluation(task: str, shared: SharedOptions, **options: object) -> None:
    """Evaluate, write the named files, and print the scores and the published ones."""
    from flows.pipelines.evaluate import Evaluation, evaluate, with_published
    from flows.pipelines.output import require_distinct_files
    from flows.pipelines.row_formats import write_file

    require_distinct_files([shared.output, shared.details], shared.predictions)
    arguments: dict[str, Any] = {
        "task": task,
        "dataset": shared.dataset,
        "split": shared.split,
        "release": shared.release,
        "by": [name.strip() for name in shared.by.split(",") if name.strip()],
        "details": shared.details is not None,
        "options": options,
    }
    if shared.prefect or configured_api():
        with prefect_run(shared.lake):
            from flows.evaluate import evaluate_flow

            paths = [str(path) for path in shared.predictions]
            scored = cast(
                Evaluation,
                evaluate_flow(lake=str(shared.lake), predictions=paths, **arguments),
            )
    else:
        with progress() as on_progress:
            scored = evaluate(
                shared.lake, predictions=shared.predictions, on_progress=on_progress, **arguments
            )
    # First the files: a reader of the table may end early.
    if shared.output:
        write_file(scored.scores, None, shared.output)
    if shared.details:
        write_file(scored.details, "parquet", shared.details)
    print_rows(with_subsets(with_published(scored.scores)))
    if is_json_log():
        rows = scored.scores.to_pylist()
        print_event(FINISHED, outcome="scored", notes=scored.notes, scores=rows)
        return
    for note in scored.notes:
        print(f"note: {note}", file=sys.stderr)

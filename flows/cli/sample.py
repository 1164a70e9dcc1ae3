"""Commands that generate sources and predictions: sample deepfashion2, ..., predictions."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli.app import command_group
from flows.cli.completion import complete_split
from flows.cli.options import (
    DEFAULT_LAKE,
    Dataset,
    LakeOption,
    ReleaseOption,
    output_file,
    output_folder,
)
from flows.cli.progress import progress
from schemas.datasets import DATASETS
from schemas.tasks import TASKS

sample = command_group(
    "sample",
    "Generate a source in its original layout, or predictions.\n\n"
    "Example: wardrobe sample deepfashion2 sample/deepfashion2 --images 300 --seed 7",
)

SeedOption = Annotated[int, typer.Option(help="The same seed gives the same bytes.")]


def _add_command(dataset: str, title: str) -> None:
    """Add the command that generates a source of a data set."""
    example = f"wardrobe sample {dataset} sample/{dataset} --images 300 --seed 7"

    @sample.command(
        dataset,
        help=f"Generate a source in the layout of {title}.\n\nExample: {example}",
    )
    def generate(
        folder: Annotated[
            Path, typer.Argument(help="Folder to write; empty or new.", callback=output_folder)
        ],
        images: Annotated[int, typer.Option(min=1, help="Number of images.")] = 300,
        seed: SeedOption = 0,
        pictures: Annotated[
            bool,
            typer.Option(
                "--pictures/--no-images",
                help="Without pictures, DeepFashion2's documents of train and validation, for "
                "scale.",
            ),
        ] = True,
    ) -> None:
        from flows.pipelines.sample import write_sample

        with progress() as on_progress:
            counts = write_sample(
                dataset, folder, images, seed, pictures=pictures, on_progress=on_progress
            )
        print(f"{folder}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


for record in DATASETS.values():
    _add_command(record.name, record.title)


@sample.command("predictions", epilog="Topic: wardrobe help scores")
def predictions(
    task: Annotated[Literal[TASKS], typer.Argument(help="Task of the predictions.")],  # type: ignore[valid-type]
    split: Annotated[
        str, typer.Option("--split", help="Annotated split.", autocompletion=complete_split)
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="JSON or CSV file to write.", callback=output_file),
    ],
    dataset: Annotated[
        Dataset | None,
        typer.Option(
            "--dataset", help="Data set; default: deepfashion2, for classification fashion-mnist."
        ),
    ] = None,
    seed: SeedOption = 0,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Generate predictions with errors from the annotations of a split.

    They are in the file format of the task, to try `wardrobe evaluate` and submissions.

    Example: wardrobe sample predictions detection --split validation --output boxes.json
    """
    from flows.pipelines.sample_predictions import write_sample_predictions
    from flows.pipelines.tables import open_release

    dataset = dataset or ("fashion-mnist" if task == "classification" else "deepfashion2")
    with progress() as on_progress:
        count = write_sample_predictions(
            open_release(lake, release),
            dataset,
            task=task,
            split=split,
            output=output,
            seed=seed,
            on_progress=on_progress,
        )
    print(f"{output}: {count:,} predictions for {task} of {dataset} {split}")

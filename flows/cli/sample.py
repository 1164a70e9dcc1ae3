"""The command that generates a source: sample."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.options import DatasetArgument, output_folder
from flows.cli.progress import progress


@app.command()
def sample(
    dataset: DatasetArgument,
    folder: Annotated[
        Path, typer.Argument(help="Folder to write; empty or new.", callback=output_folder)
    ],
    images: Annotated[int, typer.Option(min=1, help="Number of images.")] = 300,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures/--no-images",
            help="Without pictures, DeepFashion2's documents of train and validation, for scale.",
        ),
    ] = True,
) -> None:
    """Generate a source in its original layout.

    Example: wardrobe sample deepfashion2 sample/deepfashion2 --images 300 --seed 7
    """
    from flows.pipelines.sample import write_sample

    with progress() as on_progress:
        counts = write_sample(
            dataset, folder, images, seed, pictures=pictures, on_progress=on_progress
        )
    print(f"{folder}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))

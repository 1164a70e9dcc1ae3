"""Commands that generate sources: sample deepfashion2, fashionai, fashion-mnist."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import command_group
from flows.cli.progress import progress

sample = command_group(
    "sample",
    "Generate a source in its original layout.\n\n"
    "Example: wardrobe sample deepfashion2 sample/deepfashion2 --images 300",
)

FolderArgument = Annotated[Path, typer.Argument(help="Folder to write; empty or new.")]
ImagesOption = Annotated[int, typer.Option("--images", min=1, help="Number of images.")]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")]


@sample.command()
def deepfashion2(
    folder: FolderArgument,
    images: ImagesOption = 300,
    seed: SeedOption = 0,
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures/--no-images",
            help="Without pictures, documents of train and validation only, for scale.",
        ),
    ] = True,
) -> None:
    """Write a DeepFashion2 source: train, validation and test.

    Example: wardrobe sample deepfashion2 sample/deepfashion2 --images 300 --seed 7
    """
    from flows.pipelines.sample import sample_deepfashion2

    with progress() as on_progress:
        counts = sample_deepfashion2(
            folder, images, seed, pictures=pictures, on_progress=on_progress
        )
    _print_counts(folder, counts)


@sample.command()
def fashionai(folder: FolderArgument, images: ImagesOption = 100, seed: SeedOption = 0) -> None:
    """Write a FashionAI source: train.csv and its pictures.

    Example: wardrobe sample fashionai sample/fashionai --images 100
    """
    from flows.pipelines.sample import sample_fashionai

    _print_counts(folder, sample_fashionai(folder, images, seed))


@sample.command()
def fashion_mnist(
    folder: FolderArgument, images: ImagesOption = 1000, seed: SeedOption = 0
) -> None:
    """Write a Fashion-MNIST source: four gzipped IDX files.

    Example: wardrobe sample fashion-mnist sample/fashion-mnist --images 1000
    """
    from flows.pipelines.sample import sample_fashion_mnist

    _print_counts(folder, sample_fashion_mnist(folder, images, seed))


def _print_counts(folder: Path, counts: dict[str, int]) -> None:
    print(f"{folder}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))

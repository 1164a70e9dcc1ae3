"""Verbs that make sources: sample deepfashion2, fashionai, fashion-mnist."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.progress import progress

sample = typer.Typer(
    help="Generate a source in its original on-disk layout.\n\n"
    "Example: wardrobe sample deepfashion2 sample/deepfashion2 --images 300",
    no_args_is_help=True,
)

FolderArgument = Annotated[Path, typer.Argument(help="Folder to write; must be empty or new.")]
ImagesOption = Annotated[int, typer.Option("--images", min=1, help="How many in total.")]
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
            help="With pictures, 80/10/10 over train, validation, test; without, documents "
            "over train and validation only, for scale.",
        ),
    ] = True,
) -> None:
    """DeepFashion2: train/image, train/annos, validation/..., test/image.

    Example: wardrobe sample deepfashion2 sample/deepfashion2 --images 300 --seed 7
    """
    from flows.pipelines.sample import sample_deepfashion2

    with progress() as on_progress:
        _say(
            folder,
            sample_deepfashion2(folder, images, seed, pictures=pictures, on_progress=on_progress),
        )


@sample.command()
def fashionai(folder: FolderArgument, images: ImagesOption = 100, seed: SeedOption = 0) -> None:
    """FashionAI key points: train/Annotations/train.csv, train/Images/<category>/.

    Example: wardrobe sample fashionai sample/fashionai --images 100
    """
    from flows.pipelines.sample import sample_fashionai

    _say(folder, sample_fashionai(folder, images, seed))


@sample.command()
def fashion_mnist(
    folder: FolderArgument, images: ImagesOption = 1000, seed: SeedOption = 0
) -> None:
    """Fashion-MNIST: the four IDX files, gzipped.

    Example: wardrobe sample fashion-mnist sample/fashion-mnist --images 1000
    """
    from flows.pipelines.sample import sample_fashion_mnist

    _say(folder, sample_fashion_mnist(folder, images, seed))


def _say(folder: Path, written: dict[str, int]) -> None:
    print(f"{folder}: " + ", ".join(f"{count} {what}" for what, count in written.items()))


def register(app: typer.Typer) -> None:
    """Add these verbs to the application."""
    app.add_typer(sample, name="sample")

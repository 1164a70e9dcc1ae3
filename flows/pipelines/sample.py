"""Generated sources in the original layouts, for the demo, tests and benchmarks."""

from pathlib import Path

from flows.pipelines.progress import OnProgress, no_progress
from flows.samples.deepfashion2 import write_deepfashion2
from flows.samples.fashion_mnist import write_fashion_mnist
from flows.samples.fashionai import write_fashionai
from schemas.errors import InputError


def sample_deepfashion2(
    folder: Path,
    images: int,
    seed: int,
    *,
    pictures: bool = True,
    on_progress: OnProgress = no_progress,
) -> dict[str, int]:
    """Write a DeepFashion2 source; counts of what was written. InputError if the folder is full."""
    _must_be_free(folder)

    def so_far(done: int) -> None:
        on_progress("images", done, images)

    return write_deepfashion2(folder, images=images, seed=seed, pictures=pictures, progress=so_far)


def sample_fashionai(folder: Path, images: int, seed: int) -> dict[str, int]:
    """Write a FashionAI key-point source; counts of what was written."""
    _must_be_free(folder)
    return write_fashionai(folder, images=images, seed=seed)


def sample_fashion_mnist(folder: Path, images: int, seed: int) -> dict[str, int]:
    """Write the four IDX files of a Fashion-MNIST source; counts of what was written."""
    _must_be_free(folder)
    return write_fashion_mnist(folder, images=images, seed=seed)


def _must_be_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: a sample is written into a new one")

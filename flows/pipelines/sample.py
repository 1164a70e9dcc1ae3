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
    """Write a DeepFashion2 source; counts by name. InputError if the folder is not empty."""
    _require_empty(folder)
    return write_deepfashion2(
        folder,
        images=images,
        seed=seed,
        pictures=pictures,
        progress=lambda done: on_progress("images", done, images),
    )


def sample_fashionai(folder: Path, images: int, seed: int) -> dict[str, int]:
    """Write a FashionAI source; counts by name. InputError if the folder is not empty."""
    _require_empty(folder)
    return write_fashionai(folder, images=images, seed=seed)


def sample_fashion_mnist(folder: Path, images: int, seed: int) -> dict[str, int]:
    """Write a Fashion-MNIST source; counts by name. InputError if the folder is not empty."""
    _require_empty(folder)
    return write_fashion_mnist(folder, images=images, seed=seed)


SAMPLES = {
    "deepfashion2": sample_deepfashion2,
    "fashionai": sample_fashionai,
    "fashion-mnist": sample_fashion_mnist,
}
"""The function that writes a sample of each data set."""


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name a new one")

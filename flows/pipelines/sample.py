"""Generated sources in the original layouts, for the demo, tests and benchmarks."""

from pathlib import Path

from flows.pipelines.progress import OnProgress, no_progress
from flows.samples.deepfashion2 import write_deepfashion2
from flows.samples.fashion_mnist import write_fashion_mnist
from flows.samples.fashionai import write_fashionai
from schemas.errors import InputError


def write_sample(
    dataset: str,
    folder: Path,
    images: int,
    seed: int,
    *,
    pictures: bool = True,
    on_progress: OnProgress = no_progress,
) -> dict[str, int]:
    """Write a source of a data set; counts by name. InputError if the folder is not empty.

    Without `pictures` only documents are written, which only DeepFashion2 has.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name a new one")
    if dataset == "deepfashion2":
        return write_deepfashion2(
            folder,
            images=images,
            seed=seed,
            pictures=pictures,
            progress=lambda done: on_progress("images", done, images),
        )
    writers = {"fashionai": write_fashionai, "fashion-mnist": write_fashion_mnist}
    if dataset not in writers:
        raise InputError(f"a sample of {dataset} cannot be generated")
    if not pictures:
        raise InputError(f"a sample of {dataset} always has pictures: omit --no-images")
    return writers[dataset](folder, images=images, seed=seed)

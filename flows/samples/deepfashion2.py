"""A synthetic DeepFashion2 source in the authors' layout.

In: a folder, the number of images, a seed. Out: train/, validation/ and test/ in that folder.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from flows.samples.deepfashion2_documents import document
from flows.samples.deepfashion2_products import products
from flows.samples.deepfashion2_scenes import Scene, SceneBuilder
from flows.samples.painting import jpeg
from schemas.datasets import DATASETS
from schemas.errors import InputError

_PROGRESS_EVERY = 200


def write_deepfashion2(
    folder: Path,
    *,
    images: int,
    seed: int = 0,
    pictures: bool = True,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Write `images` synthetic images and return the number of files per folder written.

    With pictures they go to train, validation and test 8:1:1, test without annotation as in the
    source; without, only documents are written, to train and validation 9:1. The same seed and
    number give the same bytes. `progress` is called with the number of images written so far.
    """
    if images < 1:
        raise InputError(f"A sample needs at least one image, not {images}.")
    shares = _shares(images, pictures=pictures)
    for name in DATASETS["deepfashion2"].splits:
        if (folder / name).exists():
            raise InputError(f"{folder} already holds {name}/; name a new folder for the sample.")

    written: dict[str, int] = {}
    done = 0
    for split, count in shares.items():
        annos, image = folder / split / "annos", folder / split / "image"
        if split != "test":
            annos.mkdir(parents=True)
            written[f"{split}/annos"] = count
        if pictures:
            image.mkdir(parents=True)
            written[f"{split}/image"] = count
        builder = SceneBuilder(seed, split)
        labelling = Random(f"{seed} {split} labels")
        for number, scene in enumerate(_scenes(builder, split, count), start=1):
            if split != "test":
                (annos / f"{number:06d}.json").write_bytes(document(scene, labelling))
            if pictures:
                (image / f"{number:06d}.jpg").write_bytes(jpeg(scene))
            done += 1
            if progress and (pictures or done % _PROGRESS_EVERY == 0 or done == images):
                progress(done)
    return written


def _shares(images: int, *, pictures: bool) -> dict[str, int]:
    tenth = max(1, images // 10) if images > 2 else 0
    rest = {"validation": tenth, "test": tenth} if pictures else {"validation": tenth}
    shares = {"train": images - sum(rest.values()), **rest}
    return {split: count for split, count in shares.items() if count}


def _scenes(builder: SceneBuilder, split: str, count: int) -> Iterator[Scene]:
    """Training: runs of one pair_id, users first. Elsewhere all users of the split come first."""
    plan = [
        (product, source)
        for product, users, shops in products(builder.rng, count)
        for source in ["user"] * users + ["shop"] * shops
    ]
    if split != "train":
        plan.sort(key=lambda picture: picture[1] == "shop")
    for product, source in plan:
        yield builder.scene(product, source)

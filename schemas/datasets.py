"""Data sets: one record for each, and the only list of them.

The command line, decoders, checks, the report, dataset cards and vocabularies read it. A new data
set is a record here, a decoder in `flows/decode/` and its cases in `tests/`.
"""

from dataclasses import dataclass

from schemas.category_lists import (
    DEEPFASHION2_CATEGORIES,
    FASHION_MNIST_CATEGORIES,
    FASHIONAI_CATEGORIES,
    Category,
)

PART_SIZE = 4_096
"""Image numbers of a part where a source has numbers, and of a step of the build of a larger one.

A very large source has parts of PART_SIZE x 2^k, which the first ingest chooses.
"""


@dataclass(frozen=True)
class Dataset:
    """What is fixed for a data set, whatever copy of it is ingested.

    `name` is the value of the column `dataset` and the word on the command line: lower case,
    digits and `-`. `title` is what its authors call it, `licence` an identifier of the Hugging
    Face hub, `has` a choice of FEATURES in their order. `landmarks_withheld`: the source lists
    items whose landmarks it keeps back. `picture_size`: width and height of every picture.
    `part_images`: part n of the smallest size has the image_ids from n * part_images on.
    """

    name: str
    title: str
    splits: tuple[str, ...]
    terms: str
    categories: tuple[Category, ...]
    has: tuple[str, ...]
    licence: str = "other"
    landmarks_withheld: bool = False
    picture_size: tuple[int, int] | None = None
    part_images: int = PART_SIZE

    @property
    def module(self) -> str:
        """The folder of its decoder in flows/decode."""
        return self.name.replace("-", "_")

    @property
    def constant(self) -> str:
        """The name of its decoder in that folder."""
        return self.module.upper()


FEATURES = {
    "pairs": "images.pair_id and images.source",
    "styles": "items.style",
    "boxes": "items.x1 to items.y2",
    "landmarks": "rows in landmarks",
    "polygons": "rows in polygons",
    "labels": "items.scale, occlusion, zoom_in and viewpoint",
    "picture files": "pictures as files of the source; without them they are embedded",
}
"""What a data set may have, and where the tables hold it."""

DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="deepfashion2",
            title="DeepFashion2",
            splits=("train", "validation", "test"),
            terms="Annotations and pictures are DeepFashion2's: for academic, non-commercial use "
            "only, not to be passed on. Ask its authors for access.",
            categories=DEEPFASHION2_CATEGORIES,
            has=tuple(FEATURES),
        ),
        Dataset(
            name="fashionai",
            title="FashionAI",
            splits=("train", "warm_up", "test_a", "test_b", "test"),
            terms="Annotations and pictures are those of Alibaba's FashionAI contest: for "
            "academic, non-commercial use only, not to be passed on.",
            categories=FASHIONAI_CATEGORIES,
            has=("landmarks", "picture files"),
            landmarks_withheld=True,
            part_images=16**12,  # an image_id is 13 hex digits
        ),
        Dataset(
            name="fashion-mnist",
            title="Fashion-MNIST",
            splits=("train", "test"),
            terms="Pictures and labels are Zalando's, under the MIT licence.",
            licence="mit",
            categories=FASHION_MNIST_CATEGORIES,
            has=(),
            picture_size=(28, 28),
        ),
    )
}
"""Every data set by name, in the order of the report."""

SPLITS = tuple(dict.fromkeys(split for dataset in DATASETS.values() for split in dataset.splits))
"""The splits of all data sets."""

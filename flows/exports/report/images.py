"""Mean picture of each class, from the bytes of many small pictures."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from PIL import Image

from flows.pictures import decode_picture


def mean_pictures(rows: Iterable[pa.RecordBatch]) -> dict[str, Image.Image]:
    """The mean picture of each class, in the order in which the classes first occur.

    `rows` has `category_name` and `image`, the struct of the table `pictures`. All pictures must
    have one size, as Fashion-MNIST's do; ValueError otherwise.
    """
    sums: dict[str, np.ndarray] = {}
    counts: dict[str, int] = {}
    for batch in rows:
        names, images = batch["category_name"].to_pylist(), batch["image"].to_pylist()
        for name, image in zip(names, images, strict=True):
            pixels = np.asarray(decode_picture(image["bytes"], "L"), dtype=np.float64)
            total = sums.setdefault(name, np.zeros_like(pixels))
            if total.shape != pixels.shape:
                raise ValueError(f"a picture of {pixels.shape} among those of {total.shape}")
            total += pixels
            counts[name] = counts.get(name, 0) + 1
    return {
        name: Image.fromarray((total / counts[name]).round().astype(np.uint8))
        for name, total in sums.items()
    }

"""Pictures inside a page: as data URIs, and the mean picture of each class."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pyarrow as pa
from PIL import Image

from flows.pictures import decode_picture


@dataclass(frozen=True)
class PictureBlock:
    """A picture of the page with its caption; `pixelated` keeps small ones crisp."""

    uri: str
    width: int
    height: int
    caption: str
    kind: str = "picture"
    pixelated: bool = False
    wide: bool = False


def picture_block(
    picture: Image.Image, caption: str, *, wide: bool = False, pixelated: bool = False
) -> PictureBlock:
    """Photographs as JPEG, small ones as PNG, written into the page itself."""
    buffer = BytesIO()
    form = "PNG" if pixelated else "JPEG"
    if pixelated:
        picture.save(buffer, form, optimize=True)
    else:
        picture.convert("RGB").save(buffer, form, quality=82, optimize=True)
    uri = f"data:image/{form.lower()};base64,{b64encode(buffer.getvalue()).decode()}"
    return PictureBlock(uri, picture.width, picture.height, caption, pixelated=pixelated, wide=wide)


def mean_pictures(rows: Iterable[pa.RecordBatch]) -> dict[str, Image.Image]:
    """The mean picture of each class, in the order the classes first come.

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

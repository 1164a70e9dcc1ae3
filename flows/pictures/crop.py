"""An opened picture -> a part of it at another size, and where its coordinates go."""

from math import ceil, floor, isnan
from typing import NamedTuple

import numpy as np
from PIL import Image

from flows.pictures.open import load_pixels, stop_below

Region = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the source."""


class CropTransform(NamedTuple):
    """How source coordinates become coordinates of the crop: x' = (x - left) * scale_x.

    A prediction goes back by x = x' / scale_x + left. `left` and `top` are source pixels. In a
    mirror image scale_x is negative, and `left` is the right edge of the crop.
    """

    left: float
    top: float
    scale_x: float
    scale_y: float

    @property
    def mirrored(self) -> bool:
        """Whether left and right are exchanged."""
        return self.scale_x < 0

    def mirror(self, width: int) -> "CropTransform":
        """The transform into the mirror image of the crop, which is `width` pixels wide."""
        return self._replace(left=self.left + width / self.scale_x, scale_x=-self.scale_x)

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Points or boxes, x and y in turn along the last axis; same shape and type."""
        pairs = points.reshape(-1, 2)
        pairs = (pairs - (self.left, self.top)) * (self.scale_x, self.scale_y)
        return pairs.astype(points.dtype).reshape(points.shape)


IDENTITY = CropTransform(0.0, 0.0, 1.0, 1.0)


def crop_picture(
    image: Image.Image,
    *,
    region: Region | None = None,
    size: tuple[int, int] | None = None,
    fit: str = "stretch",
    mode: str | None = None,
    resample: Image.Resampling = Image.Resampling.BILINEAR,
) -> tuple[Image.Image, CropTransform] | None:
    """A region of an opened picture at `size` (width, height); None when the region is empty.

    The region is cut at the picture's edges and widened to whole pixels. `fit` is `stretch`,
    `pad` (keep the proportions, leave the right or bottom black) or `shrink` (keep the
    proportions, never enlarge; the result is at most `size`). `mode` is Pillow's; None keeps grey
    and RGB and converts the rest to RGB. The EXIF orientation is not applied: coordinates mean
    stored pixels.

    A JPEG is decoded at the smallest of its scales 1, 1/2, 1/4, 1/8 that still has the pixels
    asked for (Pillow's draft mode), and only as far down as the region reaches, which costs less
    than decoding it whole. Raises PictureError when the bytes cannot be decoded.
    """
    width, height = image.size
    left, top, right, bottom = _whole_pixels(region, width, height)
    if right <= left or bottom <= top:
        return None
    wide, high = right - left, bottom - top
    target = (wide, high) if size is None else _fitted(size, wide, high, fit)
    # A resized pixel takes in up to three times its share of the picture on each side.
    stop_below(image, bottom + ceil(3 * max(high / target[1], 1)))
    factor_x = factor_y = 1.0
    if target != (wide, high):
        # Rounded up, so that a scale never has fewer pixels than the target.
        drafted = image.draft(mode, (-(-width * target[0] // wide), -(-height * target[1] // high)))
        if drafted is not None:
            # The exact bounds, 1/k of the picture. The drafted size is these rounded up.
            _, (_, _, drafted_width, drafted_height) = drafted
            factor_x, factor_y = drafted_width / width, drafted_height / height
    pixels = load_pixels(image, mode or (None if image.mode in ("L", "RGB") else "RGB"))
    if target != (wide, high):
        box = (left * factor_x, top * factor_y, right * factor_x, bottom * factor_y)
        pixels = pixels.resize(target, resample, box=box, reducing_gap=3.0)
    elif target != (width, height):
        pixels = pixels.crop((left, top, right, bottom))
    if fit == "pad" and size is not None and target != size:
        padded = Image.new(pixels.mode, size)
        padded.paste(pixels)
        pixels = padded
    return pixels, CropTransform(left, top, target[0] / wide, target[1] / high)


def _whole_pixels(region: Region | None, width: int, height: int) -> tuple[int, int, int, int]:
    """The region within the picture, no part of it lost to rounding; empty when it is outside."""
    if region is None:
        return 0, 0, width, height
    if any(isnan(edge) for edge in region):
        return 0, 0, 0, 0
    x1, y1, x2, y2 = region
    return (
        floor(min(max(x1, 0), width)),
        floor(min(max(y1, 0), height)),
        ceil(min(max(x2, 0), width)),
        ceil(min(max(y2, 0), height)),
    )


def _fitted(size: tuple[int, int], wide: int, high: int, fit: str) -> tuple[int, int]:
    """The width and height at which `wide` x `high` pixels come out."""
    if fit == "stretch":
        return size
    scale = min(size[0] / wide, size[1] / high)
    if fit == "shrink":
        scale = min(scale, 1.0)
    return (
        min(max(round(wide * scale), 1), size[0]),
        min(max(round(high * scale), 1), size[1]),
    )

"""A picture as a training set holds it: unchanged, or cut out, shrunk and encoded again."""

from dataclasses import dataclass
from io import BytesIO
from math import ceil, floor

import numpy as np
from PIL import Image

from flows.exports.training_options import TrainingOptions

Region = tuple[float, float, float, float]

ORIENTATION = 0x0112
"""The EXIF tag. Readers turn such pictures; coordinates mean stored pixels, so it has to go."""

ENDINGS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}

BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises for bytes that are no whole picture of a sensible size."""


@dataclass(frozen=True)
class Prepared:
    """A picture file and how the source's coordinates become its own: (x - left) * scale_x."""

    data: bytes
    ending: str
    width: int
    height: int
    left: int = 0
    top: int = 0
    scale_x: float = 1.0
    scale_y: float = 1.0

    def moved(self, points: np.ndarray) -> np.ndarray:
        """Points of the source, x and y in the first two columns, as points of this picture."""
        moved = points.astype(np.float64, copy=True)
        moved[:, 0] = (moved[:, 0] - self.left) * self.scale_x
        moved[:, 1] = (moved[:, 1] - self.top) * self.scale_y
        return moved


def prepare(data: bytes, options: TrainingOptions, region: Region | None = None) -> Prepared | None:
    """The picture, or a region of it, as the options want it; None for a region outside of it.

    A region is widened to whole pixels and cut at the picture's edges. A JPEG is decoded no larger
    than needed (Pillow's draft mode). Raises one of BROKEN when the bytes are no whole picture.
    """
    image: Image.Image = Image.open(BytesIO(data))
    width, height = image.size
    kind = (image.format or "").lower()
    wanted = options.picture_format or (kind if kind in ENDINGS else "png")
    left, top, right, bottom = _whole_pixels(region, width, height)
    wide, high = right - left, bottom - top
    if wide < 1 or high < 1:
        return None
    shrink = min(1.0, (options.size or max(wide, high)) / max(wide, high))
    turned = image.getexif().get(ORIENTATION, 1) not in (0, 1)
    if region is None and shrink == 1.0 and wanted == kind and not turned:
        return Prepared(data, ENDINGS[kind], width, height)
    target = max(1, round(wide * shrink)), max(1, round(high * shrink))
    image.draft(None, (ceil(width * shrink), ceil(height * shrink)))
    across, down = image.width / width, image.height / height
    box = (
        left * across,
        top * down,
        min(right * across, image.width),
        min(bottom * down, image.height),
    )
    image = image if image.mode in ("L", "RGB") else image.convert("RGB")
    if shrink == 1.0:
        image = image.crop((left, top, right, bottom))
    else:
        image = image.resize(target, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    return Prepared(
        _encoded(image, wanted, options.quality),
        ENDINGS[wanted],
        *target,
        left=left,
        top=top,
        scale_x=target[0] / wide,
        scale_y=target[1] / high,
    )


def _whole_pixels(region: Region | None, width: int, height: int) -> tuple[int, int, int, int]:
    if region is None:
        return 0, 0, width, height
    left, top, right, bottom = region
    return (
        max(floor(left), 0),
        max(floor(top), 0),
        min(ceil(right), width),
        min(ceil(bottom), height),
    )


def _encoded(image: Image.Image, kind: str, quality: int) -> bytes:
    out = BytesIO()
    if kind == "png":
        image.save(out, "PNG", exif=b"")
    else:
        image.save(out, kind.upper(), quality=quality, exif=b"")
    return out.getvalue()

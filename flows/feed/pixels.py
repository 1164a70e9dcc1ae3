"""Picture bytes to pixels of the training size, and where the pixels came from."""

from functools import cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

from schemas.errors import InputError

FITS = ("stretch", "pad")


class Frame(NamedTuple):
    """How source coordinates become picture coordinates: x' = (x - left) * scale_x.

    A prediction goes back by x = x' / scale_x + left. Kept in every sample as `frame`.
    """

    left: float
    top: float
    scale_x: float
    scale_y: float

    def moved(self, points: np.ndarray) -> np.ndarray:
        """Points or boxes, x and y in turn along the last axis, as float32."""
        if self == UNMOVED:
            return points.astype(np.float32)
        pairs = points.reshape(-1, 2)
        moved = (pairs - (self.left, self.top)) * (self.scale_x, self.scale_y)
        return moved.astype(np.float32).reshape(points.shape)


UNMOVED = Frame(0.0, 0.0, 1.0, 1.0)


def decode(
    data: bytes,
    *,
    region: tuple[float, float, float, float] | None = None,
    size: tuple[int, int] | None = None,
    fit: str = "stretch",
    mode: str = "RGB",
) -> tuple[Image.Image, Frame]:
    """A picture, or a region of it, at `size` (width, height), with the frame that says how.

    A JPEG is decoded at the smallest of its scales 1, 1/2, 1/4, 1/8 that still has the wanted
    pixels (Pillow's draft mode), which costs less than decoding it whole. Shrinking averages
    areas, growing is bilinear. `fit` is `stretch`, or `pad`: keep the proportions and leave the
    right or bottom black. The EXIF orientation is not applied: coordinates mean stored pixels.
    Raises OSError or SyntaxError, as Pillow does, when the bytes are no whole picture.
    """
    image: Image.Image = Image.open(BytesIO(data))
    width, height = image.size
    left, top, right, bottom = _inside(region, width, height)
    wide, high = right - left, bottom - top
    if size is None:
        if region is not None:
            left, top, right, bottom = round(left), round(top), round(right), round(bottom)
            image = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
        return _in_mode(image, mode), Frame(left, top, 1.0, 1.0)
    target = size if fit == "stretch" else _within(size, wide, high)
    image.draft(mode, (int(width * target[0] / wide), int(height * target[1] / high)))
    shrunk_x, shrunk_y = image.width / width, image.height / height
    box = (
        left * shrunk_x,
        top * shrunk_y,
        min(right * shrunk_x, image.width),
        min(bottom * shrunk_y, image.height),
    )
    smaller = box[2] - box[0] >= target[0] and box[3] - box[1] >= target[1]
    image = _in_mode(image, mode)
    image = image.resize(
        target, Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR, box=box
    )
    if target != size:
        padded = Image.new(mode, size)
        padded.paste(image)
        image = padded
    return image, Frame(left, top, target[0] / wide, target[1] / high)


def as_array(image: Image.Image) -> np.ndarray:
    """Height, width, channels; writable, because training frameworks warn about anything else."""
    array = np.array(image)
    return array if array.ndim == 3 else array[:, :, np.newaxis]


@cache
def keep_freed_memory() -> None:
    """Ask glibc, once per process, to keep the memory of one picture for the next.

    It gives a freed block of a picture's size back to the system at once, and the next picture
    pays for fresh pages: that halved the rate of decoding (measured, 640 x 800). Freeing one
    block of almost 32 MiB raises its thresholds to that; the process then holds on to at most
    twice as much. Other allocators are not disturbed.
    """
    np.empty(31 << 20, np.uint8)


def grown(box: np.ndarray, margin: float) -> tuple[float, float, float, float] | None:
    """A box with `margin` of its width and height added on every side; None for a box of NaN."""
    x1, y1, x2, y2 = (float(number) for number in box)
    if x1 != x1:  # NaN: the item has no box
        return None
    aside, above = (x2 - x1) * margin, (y2 - y1) * margin
    return x1 - aside, y1 - above, x2 + aside, y2 + above


def unreadable(name: str, error: Exception) -> InputError:
    """The sentence for a picture that was fine when it was ingested and is not now."""
    return InputError(
        f"{name} cannot be decoded ({error}): it changed since the release was made; ingest again."
    )


def _inside(
    region: tuple[float, float, float, float] | None, width: int, height: int
) -> tuple[float, float, float, float]:
    """The part of a region that lies in the picture; the whole picture when none does."""
    if region is not None:
        left, top = max(region[0], 0.0), max(region[1], 0.0)
        right, bottom = min(region[2], float(width)), min(region[3], float(height))
        if right - left >= 1 and bottom - top >= 1:
            return left, top, right, bottom
    return 0.0, 0.0, float(width), float(height)


def _within(size: tuple[int, int], wide: float, high: float) -> tuple[int, int]:
    """The largest width and height of these proportions that fit into `size`."""
    scale = min(size[0] / wide, size[1] / high)
    return (
        min(max(round(wide * scale), 1), size[0]),
        min(max(round(high * scale), 1), size[1]),
    )


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Loads the pixels; converts only when the file has another mode."""
    image.load()
    return image if image.mode == mode else image.convert(mode)

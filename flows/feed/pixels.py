"""Decoded pictures as arrays, the memory they use, and the sentence for those not decoded."""

from functools import cache

import numpy as np
from PIL import Image

from schemas.errors import InputError


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


def expand_box(box: np.ndarray, margin: float) -> tuple[float, float, float, float] | None:
    """A box with `margin` of its width and height added on every side; None for a box of NaN."""
    x1, y1, x2, y2 = (float(number) for number in box)
    if x1 != x1:  # NaN: the item has no box
        return None
    aside, above = (x2 - x1) * margin, (y2 - y1) * margin
    return x1 - aside, y1 - above, x2 + aside, y2 + above


def unreadable(name: str, error: Exception) -> InputError:
    """The sentence for a picture whose header was readable when it was ingested."""
    return InputError(
        f"{name} cannot be decoded ({error}): it is damaged, or changed since the release was "
        "made. Ingest again with --verify-images, which decodes every picture."
    )

"""Bytes of a picture file -> a Pillow image, with limits, or nothing."""

import io
import warnings

from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 100_000_000
"""What is opened at all: forty times the largest picture of the known sources."""


def open_picture(data: bytes) -> Image.Image | None:
    """The decoded picture; None when it is none, is damaged, or is larger than MOST_PIXELS."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.load()
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return picture

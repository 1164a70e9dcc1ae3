"""A picture as a training set holds it: unchanged, or cut out, shrunk and encoded again."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from flows.exports.training.options import TrainingOptions
from flows.pictures import (
    IDENTITY,
    CropTransform,
    Region,
    crop_picture,
    format_name,
    open_picture,
    orientation_of,
)

ENDINGS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}


@dataclass(frozen=True)
class Prepared:
    """A picture file and how the source's coordinates become its own."""

    data: bytes
    ending: str
    width: int
    height: int
    transform: CropTransform = IDENTITY


def prepare(data: bytes, options: TrainingOptions, region: Region | None = None) -> Prepared | None:
    """The picture, or a region of it, as the options ask; None for a region outside of it.

    The bytes stay unchanged where size, format and orientation allow it: readers apply the EXIF
    orientation, but coordinates mean stored pixels, so that tag has to go. Raises PictureError.
    """
    image = open_picture(data)
    kind = format_name(image)
    target = options.picture_format or (kind if kind in ENDINGS else "png")
    small = options.size is None or max(image.size) <= options.size
    upright = orientation_of(image) in (None, 1)
    if region is None and small and target == kind and upright:
        return Prepared(data, ENDINGS[kind], *image.size)
    crop = crop_picture(
        image,
        region=region,
        size=None if options.size is None else (options.size, options.size),
        fit="shrink",
        resample=Image.Resampling.LANCZOS,
    )
    if crop is None:
        return None
    pixels, transform = crop
    encoded = BytesIO()
    pixels.save(encoded, target.upper(), quality=options.quality, exif=b"")
    return Prepared(encoded.getvalue(), ENDINGS[target], *pixels.size, transform)

"""Picture files: facts from their headers, opening with limits, crops with their transform.

In: the bytes of a picture file. Out: PictureFacts, Pillow images, CropTransform.
May import: schemas, flows.storage. Every picture file is opened here and nowhere else.
"""

from flows.pictures.crop import IDENTITY, CropTransform, Region, crop_picture
from flows.pictures.facts import PROBE_VERSION, PictureFacts, probe, verify
from flows.pictures.open import (
    PictureError,
    decode_picture,
    format_name,
    open_picture,
    orientation_of,
)

__all__ = [
    "IDENTITY",
    "PROBE_VERSION",
    "CropTransform",
    "PictureError",
    "PictureFacts",
    "Region",
    "crop_picture",
    "decode_picture",
    "format_name",
    "open_picture",
    "orientation_of",
    "probe",
    "verify",
]

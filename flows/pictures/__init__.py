"""Picture files: where they are, facts from their headers, opening with limits, crops.

In: the bytes of a picture file, the inputs of a manifest. Out: PictureFacts, Pillow images,
CropTransform, PictureSource.
May import: schemas, flows.storage. Every picture file is opened here and nowhere else.
"""

from flows.pictures.crop import IDENTITY, CropTransform, Region, crop_picture
from flows.pictures.facts import PROBE_VERSION, PictureFacts, header_facts, probe, verify
from flows.pictures.open import (
    PictureError,
    decode_picture,
    format_name,
    open_picture,
    orientation_of,
)
from flows.pictures.source import PictureSource, picture_source

__all__ = [
    "IDENTITY",
    "PROBE_VERSION",
    "CropTransform",
    "PictureError",
    "PictureFacts",
    "PictureSource",
    "Region",
    "crop_picture",
    "decode_picture",
    "format_name",
    "header_facts",
    "open_picture",
    "orientation_of",
    "picture_source",
    "probe",
    "verify",
]

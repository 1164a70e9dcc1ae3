"""The pictures table: one row per embedded picture, in the Hugging Face convention."""

from schemas.annotation import PICTURE
from schemas.table import IMAGE_KEY, SPLIT_KEY, Reference, Table, image_key, optional

PICTURES = Table(
    name="pictures",
    doc="Picture files inside the lake: always for Fashion-MNIST, on request for the others.",
    key=IMAGE_KEY,
    partition_by=SPLIT_KEY,
    columns=(
        *image_key(),
        # Never null, but Hugging Face takes the column for pictures only if it may be.
        optional(
            "image", PICTURE, "The file's bytes and its name, as Hugging Face `Image` reads them."
        ),
    ),
    references=(Reference(IMAGE_KEY, "images"),),
)

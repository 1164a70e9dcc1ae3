"""The pictures table: one row per embedded picture, in the Hugging Face convention."""

import pyarrow as pa

from schemas.annotation import PICTURE
from schemas.table import Table, column, image_key

PICTURES = Table(
    name="pictures",
    doc="Picture files inside the lake: always for Fashion-MNIST, on request for the others.",
    key=("dataset", "split", "image_id"),
    partition_by=("dataset", "split"),
    schema=pa.schema(
        [
            *image_key(),
            # Never null, but Hugging Face takes the column for pictures only if it may be.
            column(
                "image",
                PICTURE,
                "The file's bytes and its name, as Hugging Face `Image` reads them.",
                nullable=True,
            ),
        ]
    ),
)

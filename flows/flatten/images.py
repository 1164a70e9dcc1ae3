"""Nested annotations -> rows of the tables images and pictures."""

import pyarrow as pa

from schemas.images import IMAGES
from schemas.pictures import PICTURES


def image_rows(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per image, annotated or not: the batch without its nested columns."""
    return pa.RecordBatch.from_arrays(
        [annotations[name] for name in IMAGES.schema.names], schema=IMAGES.schema
    )


def picture_rows(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per image whose bytes are embedded; images without bytes have none."""
    embedded = annotations.filter(annotations["picture"].is_valid())
    return pa.RecordBatch.from_arrays(
        [embedded[name] for name in ("dataset", "split", "image_id", "picture")],
        schema=PICTURES.schema,
    )

"""Nested annotations -> rows of the images table."""

import pyarrow as pa

from schemas.images import IMAGES


def image_rows(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per image, annotated or not: the batch without its nested columns."""
    return pa.RecordBatch.from_arrays(
        [annotations[field.name] for field in IMAGES.schema], schema=IMAGES.schema
    )

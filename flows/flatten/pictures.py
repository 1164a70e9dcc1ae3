"""Nested annotations -> rows of the pictures table."""

import pyarrow as pa

from schemas.pictures import PICTURES


def picture_rows(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per image whose bytes are embedded; images without bytes have none."""
    embedded = annotations.filter(annotations["picture"].is_valid())
    return pa.RecordBatch.from_arrays(
        [embedded[name] for name in ("dataset", "split", "image_id", "picture")],
        schema=PICTURES.schema,
    )

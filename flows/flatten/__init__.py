"""Flatten: a valid nested batch in, one record batch per table out.

In comes schemas.annotation.ANNOTATION, out go `images`, `items`, `landmarks`, `polygons` and, when
pictures are embedded, `pictures`, each in its declared schema. May import `schemas` only.
"""

import pyarrow as pa

from flows.flatten.rows import (
    image_rows,
    item_columns,
    item_rows,
    landmark_rows,
    picture_rows,
    polygon_rows,
)

__all__ = ["FLATTEN_VERSION", "flatten"]

FLATTEN_VERSION = 2
"""Raise it when the same annotations give other rows or files: flatten, validate, lake/write."""


def flatten(annotations: pa.RecordBatch) -> dict[str, pa.RecordBatch]:
    """All tables of a part by name, in their declared schemas; accepts any slice of a batch."""
    items = item_columns(annotations)
    tables = {
        "images": image_rows(annotations),
        "items": item_rows(items),
        "landmarks": landmark_rows(items),
        "polygons": polygon_rows(items),
    }
    if annotations["picture"].null_count < len(annotations):
        tables["pictures"] = picture_rows(annotations)
    return tables

"""The nested batch: what every decoder makes and every flattening reads, one row per image.

Validation marks items on it and lifts refused ones out, before anything is flattened. Words are the
tables' words already; coordinates are pixels as the source gave them.
"""

import pyarrow as pa

MAX_COORDINATE = 1e6
"""Pixels, in both directions; images have at most 65,535 a side. Larger ones are `non_finite`."""

LANDMARK = pa.struct(
    [
        ("x", pa.float64()),  # null when unlabelled at the source's own "nowhere" (0,0 or -1,-1)
        ("y", pa.float64()),
        ("visibility", pa.string()),
    ]
)

POLYGON = pa.list_(pa.float64())  # flat x1, y1, x2, y2, ... as the source has it

ITEM = pa.struct(
    [
        ("item_no", pa.int16()),
        ("document_order", pa.int16()),  # place among the document's item keys, from 1
        ("place", pa.string()),  # within its document, for messages: `$.item2`, `row 17`
        ("category_id", pa.int16()),
        ("category_name", pa.string()),
        ("style", pa.int32()),  # null where the source has none
        ("x1", pa.float64()),  # the box is null where the source has none
        ("y1", pa.float64()),
        ("x2", pa.float64()),
        ("y2", pa.float64()),
        ("scale", pa.string()),
        ("occlusion", pa.string()),
        ("zoom_in", pa.string()),
        ("viewpoint", pa.string()),
        ("landmarks", pa.list_(LANDMARK)),  # in the category's order; empty where none are given
        ("polygons", pa.list_(POLYGON)),
    ]
)

PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])  # Hugging Face's image struct

ANNOTATION = pa.schema(
    [
        ("dataset", pa.string()),
        ("split", pa.string()),
        ("image_id", pa.int64()),
        ("document", pa.string()),  # member the annotation came from, for rejections; or null
        ("file_name", pa.string()),  # the picture's name as the source's lists write it
        ("annotated", pa.bool_()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("orientation", pa.int16()),
        ("format", pa.string()),
        ("byte_size", pa.int64()),
        ("sha256", pa.string()),
        ("image_status", pa.string()),
        ("source", pa.string()),
        ("pair_id", pa.int32()),
        ("picture", PICTURE),  # null unless the bytes are to be embedded
        ("items", pa.list_(ITEM)),  # never null; empty for images without items
    ]
)

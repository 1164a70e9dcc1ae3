"""The items table: one row per annotated garment."""

import pyarrow as pa

from schemas.table import Table, column, item_key

ITEMS = Table(
    name="items",
    doc="Garments as annotated: category, box, style and the source's labels in words.",
    key=("dataset", "split", "image_id", "item_no"),
    partition_by=("dataset", "split"),
    schema=pa.schema(
        [
            *item_key(),
            column(
                "category_id", pa.int16(), "The source's number; refers to categories.category_id."
            ),
            column("category_name", pa.string(), "The name in the item's own document."),
            column(
                "style",
                pa.int32(),
                "Variant within the pair_id; 0 or less: no counterpart; null: no styles.",
                nullable=True,
            ),
            column(
                "x1",
                pa.float64(),
                "Left edge of the box; null without a box.",
                unit="px",
                nullable=True,
            ),
            column(
                "y1",
                pa.float64(),
                "Top edge of the box; null without a box.",
                unit="px",
                nullable=True,
            ),
            column(
                "x2",
                pa.float64(),
                "Right edge of the box; null without a box.",
                unit="px",
                nullable=True,
            ),
            column(
                "y2",
                pa.float64(),
                "Bottom edge of the box; null without a box.",
                unit="px",
                nullable=True,
            ),
            column(
                "scale",
                pa.string(),
                "`small` (< 10 % of the picture), `modest`, `large` (> 40 %); null: not labelled.",
                nullable=True,
            ),
            column(
                "occlusion",
                pa.string(),
                "Hidden landmarks: `slight` (< 20 %), `medium`, `heavy` (> 50 %); null: no label.",
                nullable=True,
            ),
            column(
                "zoom_in",
                pa.string(),
                "Cut off landmarks: `no_zoom`, `medium`, `large` (> 30 %); null: not labelled.",
                nullable=True,
            ),
            column(
                "viewpoint",
                pa.string(),
                "`no_wear`, `frontal` or `side_or_back`; null where not labelled.",
                nullable=True,
            ),
            column(
                "landmarks_visible", pa.int16(), "How many of its landmarks are labelled visible."
            ),
            column(
                "landmarks_occluded", pa.int16(), "How many of its landmarks are labelled occluded."
            ),
            column("polygon_count", pa.int16(), "How many polygons outline it, parts included."),
            column(
                "document_order", pa.int16(), "Place among the item keys of its document, from 1."
            ),
        ]
    ),
)

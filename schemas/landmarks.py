"""The landmarks table: one row per landmark of an item's category."""

import pyarrow as pa

from schemas.table import Table, column, item_key

LANDMARKS = Table(
    name="landmarks",
    doc="Landmarks as annotated, labelled or not, in the order the category defines.",
    key=("dataset", "split", "image_id", "item_no", "landmark_no"),
    partition_by=("dataset", "split"),
    schema=pa.schema(
        [
            *item_key(),
            column("landmark_no", pa.int16(), "Place in the category's landmark order, from 1."),
            column(
                "landmark_name",
                pa.string(),
                "The source's name; null where it names none.",
                nullable=True,
            ),
            column(
                "x",
                pa.float64(),
                "From the left image edge, growing right; null when unlabelled at the "
                "source's placeholder (DeepFashion2 0,0; FashionAI -1,-1), else kept.",
                unit="px",
                nullable=True,
            ),
            column(
                "y",
                pa.float64(),
                "From the top image edge, growing down; null when unlabelled at the "
                "source's placeholder (DeepFashion2 0,0; FashionAI -1,-1), else kept.",
                unit="px",
                nullable=True,
            ),
            column("visibility", pa.string(), "`visible`, `occluded` or `unlabelled`."),
        ]
    ),
)

"""The polygons table: one row per polygon of an item."""

import pyarrow as pa

from schemas.table import Table, column, item_key

POLYGONS = Table(
    name="polygons",
    doc="Outlines as annotated: the first is the whole item, the others are parts of it.",
    key=("dataset", "split", "image_id", "item_no", "polygon_no"),
    partition_by=("dataset", "split"),
    schema=pa.schema(
        [
            *item_key(),
            column("polygon_no", pa.int16(), "Place in the item's list, from 1."),
            column(
                "points",
                pa.list_(pa.float64()),
                "Flat x1, y1, x2, y2, ... as the source has it.",
                unit="px",
            ),
            column("point_count", pa.int32(), "Points, a repeated closing point included."),
            column("closed", pa.bool_(), "Whether the last point repeats the first."),
            column(
                "area", pa.float64(), "Enclosed by the points (shoelace, unsigned).", unit="px2"
            ),
        ]
    ),
)

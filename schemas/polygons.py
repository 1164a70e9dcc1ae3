"""The polygons table: one row per polygon of an item."""

import pyarrow as pa

from schemas.table import ITEM_KEY, SPLIT_KEY, Constraint, Reference, Table, column, item_key

POLYGONS = Table(
    name="polygons",
    doc="Outlines as annotated: the first is the whole item, the others are parts of it.",
    key=(*ITEM_KEY, "polygon_no"),
    numbered=True,
    partition_by=SPLIT_KEY,
    columns=(
        *item_key(),
        column("polygon_no", "int16", "Place in the item's list, from 1."),
        column(
            "points",
            pa.list_(pa.float64()),
            "Flat x1, y1, x2, y2, ... as the source has it.",
            unit="px",
        ),
        column("point_count", "int32", "Points, a repeated closing point included."),
        column("closed", "bool", "Whether the last point repeats the first."),
        column("area", "float64", "Enclosed by the points (shoelace, unsigned).", unit="px2"),
    ),
    references=(Reference(ITEM_KEY, "items"),),
    constraints=(
        Constraint(
            "points_are_pairs",
            "array_length(points) = 2 * point_count",
            "Each point has two coordinates.",
        ),
        Constraint("points_enclose", "point_count >= 3", "A polygon has at least three points."),
        Constraint(
            "closed_repeats_first",
            # Without the case an index beyond the list is an error in other engines.
            "case when array_length(points) >= 2 then closed = ("
            "points[1] = points[cast(array_length(points) - 1 as integer)] "
            "and points[2] = points[cast(array_length(points) as integer)]) end",
            "A polygon is closed when its last point repeats the first.",
        ),
        Constraint("area_is_unsigned", "area >= 0", "An area has no sign."),
    ),
)

"""The items table: one row per annotated garment."""

from schemas.table import (
    IMAGE_KEY,
    ITEM_KEY,
    SPLIT_KEY,
    Constraint,
    Count,
    Reference,
    Table,
    column,
    item_key,
    optional,
)
from schemas.vocabulary import OCCLUSIONS, SCALES, VIEWPOINTS, ZOOMS

ITEMS = Table(
    name="items",
    doc="Garments as annotated: category, box, style and the source's labels in words.",
    key=ITEM_KEY,
    partition_by=SPLIT_KEY,
    columns=(
        *item_key(),
        column(
            "category_id",
            "int16",
            "The source's number (FashionAI: from 1 in its order); refers to "
            "categories.category_id.",
        ),
        column(
            "category_name",
            "string",
            "The name in the annotation; Fashion-MNIST: its authors' name of the label.",
        ),
        optional(
            "style",
            "int32",
            "Variant within the pair_id; 0 or less: no counterpart; null: no styles.",
        ),
        optional("x1", "float64", "Left edge of the box; null without a box.", unit="px"),
        optional("y1", "float64", "Top edge of the box; null without a box.", unit="px"),
        optional("x2", "float64", "Right edge of the box; null without a box.", unit="px"),
        optional("y2", "float64", "Bottom edge of the box; null without a box.", unit="px"),
        optional(
            "scale",
            "string",
            "`small` (< 10 % of the picture), `modest`, `large` (> 40 %); null: not labelled.",
            words=SCALES,
        ),
        optional(
            "occlusion",
            "string",
            "Hidden landmarks: `slight` (< 20 %), `medium`, `heavy` (> 50 %); null: no label.",
            words=OCCLUSIONS,
        ),
        optional(
            "zoom_in",
            "string",
            "Cut off landmarks: `no_zoom`, `medium`, `large` (> 30 %); null: not labelled.",
            words=ZOOMS,
        ),
        optional(
            "viewpoint",
            "string",
            "`no_wear`, `frontal` or `side_or_back`; null where not labelled.",
            words=VIEWPOINTS,
        ),
        column("landmarks_visible", "int16", "How many of its landmarks are labelled visible."),
        column("landmarks_occluded", "int16", "How many of its landmarks are labelled occluded."),
        column("polygon_count", "int16", "How many polygons outline it, parts included."),
        column("document_order", "int16", "Place in its DeepFashion2 document, from 1; else 1."),
    ),
    # Not only annotated images: FashionAI publishes lists of items without their annotations.
    references=(
        Reference(IMAGE_KEY, "images"),
        Reference(("dataset", "category_id"), "categories"),
    ),
    counts=(
        Count("landmarks_visible", "landmarks", where="visibility = 'visible'"),
        Count("landmarks_occluded", "landmarks", where="visibility = 'occluded'"),
        Count("polygon_count", "polygons"),
    ),
    constraints=(
        Constraint(
            "box_is_whole",
            "(x1 is null) = (y1 is null) and (x1 is null) = (x2 is null) "
            "and (x1 is null) = (y2 is null)",
            "A box has four edges or none.",
        ),
        Constraint(
            "box_is_upright",
            "x1 <= x2 and y1 <= y2",
            "The left edge is not right of the right edge, nor the top edge below the bottom edge.",
        ),
    ),
)

"""Details of an evaluation: the rows behind the scores, as `--details` writes them.

Each task has its table. `compare` computes the scores again from two of them, so every score is a
function of these rows.
"""

import pyarrow as pa

from schemas.scores import MODES
from schemas.table import Table, column, image_column, optional
from schemas.vocabulary import ITEM_ATTRIBUTES

FOOTER = b"wardrobe"
"""The key in the footer of a file of details. Its value is JSON: the columns of SCORES that all
scores of an evaluation share."""

_IMAGE = image_column()
_CATEGORY = column("category_id", "int16", "The category of the truth.")

_SUBSET = (
    column("attribute", "string", "The attribute that selects items; else `all`."),
    column("value", "string", "Its value for the items of the subset; else `all`."),
    optional("mode", "string", "What happens to items outside the subset.", words=MODES),
)

DETECTION = pa.struct(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("found", pa.uint16(), nullable=False),
        pa.field("ignored", pa.uint16(), nullable=False),
        pa.field("item_no", pa.int16()),
        pa.field("overlap", pa.float64()),
    ]
)
"""One detection. Bit k of `found`: it matches an item at the k-th of the ten thresholds 0.50, 0.55,
... 0.95; bit k of `ignored`: it does not count at that threshold. `item_no` and `overlap` (IoU or
OKS) are of the item it matches at 0.50, else null."""

PRECISION_DETAILS = Table(
    name="precision_details",
    doc="Average precision: per image and category, the detections with their outcomes.",
    key=("landmarks", "attribute", "value", "mode", "image_id", "category_id"),
    columns=(
        optional(
            "landmarks",
            "string",
            "Landmarks that count: `visible`, or `visible_occluded`; null for other tasks.",
            words=("visible", "visible_occluded"),
        ),
        *_SUBSET,
        _IMAGE,
        _CATEGORY,
        column("truths", "int32", "Items of the truth that count."),
        column("missed", pa.list_(pa.int16()), "item_no of those without a match at 0.50."),
        column(
            "detections",
            pa.list_(DETECTION),
            "The best 100 detections (landmarks: 20) by falling score; others never count.",
        ),
    ),
)

RETRIEVAL_OUTCOMES = (
    "hit",
    "not detected",
    "wrong category",
    "gallery box too far",
    "not in the list",
)

RETRIEVAL_DETAILS = Table(
    name="retrieval_details",
    doc="Retrieval: one row per query item with the rank of its hit.",
    key=("image_id", "item_no"),
    columns=(
        _IMAGE,
        column("item_no", "int16", "Number of the item within the image."),
        _CATEGORY,
        column("pair_id", "int64", "Of the image."),
        column("style", "int64", "Of the item."),
        *(column(name, "string", "Of the item.") for name in ITEM_ATTRIBUTES),
        optional("row", "int64", "The record of the prediction that is judged."),
        optional("rank", "int16", "Rank of the first hit, from 1; null where there is none."),
        column("outcome", "string", "`hit`, or why it missed.", words=RETRIEVAL_OUTCOMES),
    ),
)

POINT_DETAILS = Table(
    name="point_details",
    doc="Normalised error: one row per visible point of an image that was scored.",
    key=("image_id", "landmark_name"),
    columns=(
        _IMAGE,
        _CATEGORY,
        column("landmark_name", "string", "The key point."),
        column("error", "float64", "Its distance divided by the normaliser of the image."),
        column("normaliser", "float64", "Distance of the two points that normalise.", unit="px"),
    ),
)

CLASS_DETAILS = Table(
    name="class_details",
    doc="Classification: one row per image with its category and the predicted one.",
    key=("image_id",),
    columns=(
        _IMAGE,
        _CATEGORY,
        optional("predicted_id", "int16", "The predicted category; null without a prediction."),
    ),
)

DETAILS: dict[str, Table] = {
    table.name: table
    for table in (PRECISION_DETAILS, RETRIEVAL_DETAILS, POINT_DETAILS, CLASS_DETAILS)
}
"""Every table of details by name."""

"""Prediction tables: validated rows of prediction files, as queries of sql/evaluation read them.

They are not part of a release. `row` counts the records of the prediction files from 1, in the
order given: messages and details name a prediction by it.
"""

import pyarrow as pa

from schemas.table import Table, column

_ROW = column("row", "int64", "The record in the prediction files, from 1.")

_DETECTION = (
    _ROW,
    column("image_id", "int64", "Number of the image within the split."),
    column("category_id", "int16", "The predicted category."),
    column("score", "float64", "The confidence: detections are ranked by it."),
)

PREDICTED_BOXES = Table(
    name="predicted_boxes",
    doc="Detected items with their boxes, as COCO's results have them.",
    key=("row",),
    columns=(
        *_DETECTION,
        column("x", "float64", "Left edge of the box.", unit="px"),
        column("y", "float64", "Top edge of the box.", unit="px"),
        column("width", "float64", "Width of the box.", unit="px"),
        column("height", "float64", "Height of the box.", unit="px"),
    ),
)

PREDICTED_LANDMARKS = Table(
    name="predicted_landmarks",
    doc="Detected items with their landmarks, as COCO's results have them.",
    key=("row",),
    columns=(
        *_DETECTION,
        column(
            "keypoints",
            pa.list_(pa.float64()),
            "x, y and visibility of each point: all slots of the data set, or those of the "
            "category.",
        ),
    ),
)

PREDICTED_MASKS = Table(
    name="predicted_masks",
    doc="Detected items with their masks, as COCO's results have them.",
    key=("row",),
    columns=(
        *_DETECTION,
        column("height", "int32", "Of the image.", unit="px"),
        column("width", "int32", "Of the image.", unit="px"),
        column("counts", "binary", "COCO's compressed run lengths of the mask."),
    ),
)

PREDICTED_CLASSES = Table(
    name="predicted_classes",
    doc="The predicted category of each picture.",
    key=("image_id",),
    columns=(
        _ROW,
        column("image_id", "int64", "Number of the image within the split."),
        column("category_id", "int16", "The predicted category."),
    ),
)

PREDICTIONS: dict[str, Table] = {
    table.name: table
    for table in (PREDICTED_CLASSES, PREDICTED_BOXES, PREDICTED_LANDMARKS, PREDICTED_MASKS)
}
"""Every prediction table by name."""

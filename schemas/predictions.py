"""Prediction tables: validated rows of prediction files, as queries of sql/evaluation read them.

They are not part of a release. `row` counts the records of the prediction files from 1, in the
order given: messages and details name a prediction by it.
"""

import pyarrow as pa

from schemas.table import Column, Table, column

_ROW = column("row", "int64", "The record in the prediction files, from 1.")

PREDICTED_CLASSES = Table(
    name="predicted_classes",
    doc="The predicted category of each picture.",
    key=("image_id",),
    columns=(
        _ROW,
        column("image_id", "int64", "Number of the image within the split."),
        column("category_id", "int16", "The predicted category."),
        column("tied", "bool", "Whether a category with a higher number has the same score."),
    ),
)

_DETECTION: tuple[Column, ...] = (
    _ROW,
    column("image_id", "int64", "Number of the image within the split."),
    column("category_id", "int16", "The predicted category."),
    column("score", "float64", "Confidence: detections are matched by falling score."),
)

PREDICTED_BOXES = Table(
    name="predicted_boxes",
    doc="The detected items of images: one row per box.",
    key=("row",),
    columns=(
        *_DETECTION,
        column("x", "float64", "Left edge.", unit="px"),
        column("y", "float64", "Top edge.", unit="px"),
        column("width", "float64", "Of the box.", unit="px"),
        column("height", "float64", "Of the box.", unit="px"),
    ),
)

PREDICTED_LANDMARKS = Table(
    name="predicted_landmarks",
    doc="The detected items of images: one row per list of landmarks.",
    key=("row",),
    columns=(
        *_DETECTION,
        column(
            "keypoints",
            pa.list_(pa.float64()),
            "x, y, v of each landmark: of all 294, or of those of the category, as in the file.",
        ),
    ),
)

PREDICTED_MASKS = Table(
    name="predicted_masks",
    doc="The detected items of images: one row per mask.",
    key=("row",),
    columns=(
        *_DETECTION,
        column("height", "int32", "Of the mask: that of the picture where known.", unit="px"),
        column("width", "int32", "Of the mask: that of the picture where known.", unit="px"),
        column("counts", pa.binary(), "Compressed run lengths as COCO writes them."),
    ),
)

PREDICTED_POINTS = Table(
    name="predicted_points",
    doc="The predicted place of each key point of an image; each image has all 24 of FashionAI.",
    key=("image_id", "landmark_name"),
    columns=(
        _ROW,
        column("image_id", "int64", "Number of the image within the split."),
        column("landmark_name", "string", "The key point."),
        column("x", "float64", "From the left image edge; it may be outside the image.", unit="px"),
        column("y", "float64", "From the top image edge; it may be outside the image.", unit="px"),
    ),
)

PREDICTIONS: dict[str, Table] = {
    table.name: table
    for table in (
        PREDICTED_CLASSES,
        PREDICTED_BOXES,
        PREDICTED_LANDMARKS,
        PREDICTED_MASKS,
        PREDICTED_POINTS,
    )
}
"""Every prediction table by name."""

"""Prediction tables: validated rows of prediction files, as queries of sql/evaluation read them.

They are not part of a release. `row` counts the records of the prediction files from 1, in the
order given: messages and details name a prediction by it.
"""

from schemas.table import Table, column

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
    table.name: table for table in (PREDICTED_CLASSES, PREDICTED_POINTS)
}
"""Every prediction table by name."""

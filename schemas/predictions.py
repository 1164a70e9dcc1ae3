"""Prediction tables: validated rows of prediction files, as queries of sql/evaluation read them.

They are not part of a release. `row` counts the records of the prediction files from 1, in the
order given: messages and details name a prediction by it.
"""

from collections.abc import Callable

import pyarrow as pa

from schemas.table import Column, Table, column, image_column, optional
from schemas.vocabulary import SOURCES

_ROW = column("row", "int64", "The record in the prediction files, from 1.")
_IMAGE = image_column()
_CATEGORY = column("category_id", "int16", "The predicted category.")

PREDICTED_CLASSES = Table(
    name="predicted_classes",
    doc="The predicted category of each picture.",
    key=("image_id",),
    columns=(
        _ROW,
        _IMAGE,
        _CATEGORY,
        column("tied", "bool", "Whether a category with a higher number has the same score."),
    ),
)

_DETECTION: tuple[Column, ...] = (
    _ROW,
    _IMAGE,
    _CATEGORY,
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
        _IMAGE,
        column("landmark_name", "string", "The key point."),
        column("x", "float64", "From the left image edge; it may be outside the image.", unit="px"),
        column("y", "float64", "From the top image edge; it may be outside the image.", unit="px"),
    ),
)


def _box(make: Callable[..., Column], end: str) -> tuple[Column, ...]:
    edges = (("x1", "Left"), ("y1", "Top"), ("x2", "Right"), ("y2", "Bottom"))
    return tuple(
        make(name, "float64", f"{edge} edge of the {end}", unit="px") for name, edge in edges
    )


QUERY_DETECTIONS = Table(
    name="query_detections",
    doc="Retrieval: the items detected in consumers' photos, each with a list of gallery items.",
    key=("row",),
    columns=(
        _ROW,
        _IMAGE,
        optional("item_no", "int16", "Its item; null: the one with the highest IoU."),
        _CATEGORY,
        column("score", "float64", "Confidence; of several for an item the highest is judged."),
        *_box(column, "box."),
    ),
)

GALLERY_DETECTIONS = Table(
    name="gallery_detections",
    doc="Retrieval: the list of each query, the most similar item of the gallery first.",
    key=("row", "rank"),
    columns=(
        _ROW,
        column("rank", "int16", "Place in the list of the record, from 1."),
        _IMAGE,
        *_box(column, "box."),
    ),
)

EMBEDDED_ITEMS = Table(
    name="embedded_items",
    doc="Retrieval: items that have an embedding.",
    key=("source", "row"),
    columns=(
        column("source", "string", "Queries of users, or gallery of shops.", words=SOURCES),
        column("row", "int64", "The row in the file of that side, from 1."),
        _IMAGE,
        column("item_no", "int16", "The item within the image."),
        *_box(optional, "detected box; null: the annotated one."),
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
        QUERY_DETECTIONS,
        GALLERY_DETECTIONS,
        EMBEDDED_ITEMS,
    )
}
"""Every prediction table by name."""

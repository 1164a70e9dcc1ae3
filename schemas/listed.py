"""The tables `listed_queries` and `listed_gallery`: the authors' retrieval lists, as published.

They have no references: some lists number the pictures of another edition.
"""

from schemas.table import SPLIT_KEY, Column, Table, column, dataset_column, optional, split_column

_KEY = (*SPLIT_KEY, "list_file", "list_no")


def _columns(noun: str) -> tuple[Column, ...]:
    box = (
        optional(name, "float64", f"{edge} edge of the box; null in an image list.", unit="px")
        for name, edge in (("x1", "Left"), ("y1", "Top"), ("x2", "Right"), ("y2", "Bottom"))
    )
    return (
        dataset_column(),
        split_column("Split the list speaks of."),
        column("list_file", "string", "The file the record came from, within its source."),
        column("list_no", "int32", "Place of the record in that file, from 1."),
        column("image_id", "int64", f"Image of the {noun}."),
        *box,
        optional("style", "int32", "As listed; null in an image list."),
        optional("pair_id", "int32", "As listed; null in an image list."),
    )


LISTED_QUERIES = Table(
    name="listed_queries",
    doc="Consumer items or images that the authors list as retrieval queries.",
    key=_KEY,
    partition_by=SPLIT_KEY,
    columns=(
        *_columns("query"),
        optional("category_id", "int16", "The record's `cls`; null where the file has none."),
    ),
)

LISTED_GALLERY = Table(
    name="listed_gallery",
    doc="Shop items or images that the authors list as the retrieval gallery.",
    key=_KEY,
    partition_by=SPLIT_KEY,
    columns=_columns("gallery entry"),
)

"""The authors' own retrieval lists, where a source ships them, as they stand in the files."""

import pyarrow as pa

from schemas.table import Table, column


def _listed(noun: str, *, with_class: bool) -> pa.Schema:
    box = [
        column(
            name,
            pa.float64(),
            f"{edge} edge of the box; null in an image list.",
            unit="px",
            nullable=True,
        )
        for name, edge in (("x1", "Left"), ("y1", "Top"), ("x2", "Right"), ("y2", "Bottom"))
    ]
    category = column(
        "category_id",
        pa.int16(),
        "The record's `cls`; null where the file has none.",
        nullable=True,
    )
    return pa.schema(
        [
            column("dataset", pa.string(), "Source dataset, e.g. `deepfashion2`."),
            column("split", pa.string(), "Split the list speaks of."),
            column("list_file", pa.string(), "The file the record came from, within its source."),
            column("list_no", pa.int32(), "Place of the record in that file, from 1."),
            column("image_id", pa.int64(), f"Image of the {noun}."),
            *box,
            column("style", pa.int32(), "As listed; null in an image list.", nullable=True),
            column("pair_id", pa.int32(), "As listed; null in an image list.", nullable=True),
            *([category] if with_class else []),
        ]
    )


LISTED_QUERIES = Table(
    name="listed_queries",
    doc="Consumer items or images that the authors list as retrieval queries.",
    key=("dataset", "split", "list_file", "list_no"),
    partition_by=("dataset", "split"),
    schema=_listed("query", with_class=True),
)

LISTED_GALLERY = Table(
    name="listed_gallery",
    doc="Shop items or images that the authors list as the retrieval gallery.",
    key=("dataset", "split", "list_file", "list_no"),
    partition_by=("dataset", "split"),
    schema=_listed("gallery entry", with_class=False),
)

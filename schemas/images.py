"""The images table: one row per picture, annotated or not."""

import pyarrow as pa

from schemas.table import Table, column, image_key

IMAGES = Table(
    name="images",
    doc="Pictures of the source, with what their first bytes say and whose photo it is.",
    key=("dataset", "split", "image_id"),
    partition_by=("dataset", "split"),
    schema=pa.schema(
        [
            *image_key(),
            column(
                "file_name",
                pa.string(),
                "Name in the source's own lists; Fashion-MNIST has none: of the PNG made here.",
            ),
            column(
                "annotated", pa.bool_(), "Whether the source has an annotation document for it."
            ),
            column(
                "width",
                pa.int32(),
                "Of the stored pixels; null unless known.",
                unit="px",
                nullable=True,
            ),
            column(
                "height",
                pa.int32(),
                "Of the stored pixels; null unless known.",
                unit="px",
                nullable=True,
            ),
            column(
                "orientation",
                pa.int16(),
                "EXIF orientation, 1 to 8; null: none. Coordinates mean stored pixels.",
                nullable=True,
            ),
            column(
                "format",
                pa.string(),
                "`jpeg`, `png`, `webp`, `gif`, `bmp` or `tiff`; null unless recognised. "
                "Fashion-MNIST: of the PNG made here.",
                nullable=True,
            ),
            column(
                "byte_size",
                pa.int64(),
                "Of the picture file; null when missing; Fashion-MNIST: of the PNG made here.",
                unit="B",
                nullable=True,
            ),
            column(
                "sha256",
                pa.string(),
                "Of the file in hex; null unless verified; Fashion-MNIST: of the PNG, always.",
                nullable=True,
            ),
            column(
                "image_status",
                pa.string(),
                "`ok`, `missing`, `unreadable`, `not_a_picture` or `too_large`: over 89,478,485 "
                "pixels or, if verified, over 100 scans of a JPEG.",
            ),
            column(
                "source",
                pa.string(),
                "Who took it: `shop` or `user`; null where the source does not say.",
                nullable=True,
            ),
            column(
                "pair_id",
                pa.int32(),
                "Group of pictures of the same product within the split; null where there is none.",
                nullable=True,
            ),
        ]
    ),
)

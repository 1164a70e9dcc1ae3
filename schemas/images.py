"""The images table: one row per picture, annotated or not."""

from schemas.table import IMAGE_KEY, SPLIT_KEY, Constraint, Table, column, image_key, optional
from schemas.vocabulary import IMAGE_STATUSES, PICTURE_FORMATS, SOURCES

IMAGES = Table(
    name="images",
    doc="Pictures of the source, with what their first bytes say and whose photo it is.",
    key=IMAGE_KEY,
    partition_by=SPLIT_KEY,
    columns=(
        *image_key(),
        column(
            "file_name",
            "string",
            "Name in the source's own lists; Fashion-MNIST has none: of the PNG made here.",
        ),
        column(
            "annotated",
            "bool",
            "Whether the source has a document (FashionAI: a row with points; Fashion-MNIST: a "
            "label) for it.",
        ),
        optional("width", "int32", "Of the stored pixels; null unless known.", unit="px"),
        optional("height", "int32", "Of the stored pixels; null unless known.", unit="px"),
        optional(
            "orientation",
            "int16",
            "EXIF orientation, 1 to 8; null: none. Coordinates mean stored pixels.",
        ),
        optional(
            "format",
            "string",
            "`jpeg`, `png`, `webp`, `gif`, `bmp` or `tiff`; null unless recognised. "
            "Fashion-MNIST: of the PNG made here.",
            words=PICTURE_FORMATS,
        ),
        optional(
            "byte_size",
            "int64",
            "Of the picture file; null when missing; Fashion-MNIST: of the PNG made here.",
            unit="B",
        ),
        optional(
            "sha256",
            "string",
            "Of the file in hex; null unless verified; Fashion-MNIST: of the PNG, always.",
        ),
        column(
            "image_status",
            "string",
            "`ok`, `missing`, `unreadable`, `not_a_picture` or `too_large`: over 89,478,485 "
            "pixels or, if verified, over 100 scans of a JPEG.",
            words=IMAGE_STATUSES,
        ),
        optional(
            "source",
            "string",
            "Who took it: `shop` or `user`; null where the source does not say.",
            words=SOURCES,
        ),
        optional(
            "pair_id",
            "int32",
            "Group of pictures of the same product within the split; null where there is none.",
        ),
    ),
    constraints=(
        Constraint(
            "size_is_positive",
            "(width is null) = (height is null) and coalesce(width > 0 and height > 0, true)",
            "Width and height are both known or both unknown, and at least one pixel.",
        ),
        Constraint(
            "orientation_is_exif",
            "orientation between 1 and 8",
            "EXIF numbers the orientations from 1 to 8.",
        ),
    ),
)

"""Every table, by name."""

from schemas.images import IMAGES
from schemas.items import ITEMS
from schemas.landmark_types import CATEGORIES_TABLE, LANDMARK_TYPES_TABLE
from schemas.landmarks import LANDMARKS
from schemas.listed import LISTED_GALLERY, LISTED_QUERIES
from schemas.pairs import PAIRS, TRIPLETS
from schemas.pictures import PICTURES
from schemas.polygons import POLYGONS
from schemas.rejections import REJECTIONS
from schemas.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        IMAGES,
        PICTURES,
        ITEMS,
        LANDMARKS,
        POLYGONS,
        PAIRS,
        TRIPLETS,
        LISTED_QUERIES,
        LISTED_GALLERY,
        REJECTIONS,
        CATEGORIES_TABLE,
        LANDMARK_TYPES_TABLE,
    )
}
"""Every declared table by name, in the order people meet them."""

"""The items of some whole images with everything on them, and which rows belong to which item."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class AnnotationBatch:
    """All rows about the items of a run of images, each table in the order of its query.

    `items` by image, then in document order; `landmarks` and `polygons` by image, item and number:
    the columns of sql/exports/coco_*.sql. An export holds one batch at a time.
    """

    items: pa.Table
    landmarks: pa.Table
    polygons: pa.Table

    def of_images(self, image_ids: pa.ChunkedArray) -> "AnnotationBatch":
        """The same without the items of other images."""

        def kept(table: pa.Table) -> pa.Table:
            return table.filter(pc.is_in(table["image_id"], value_set=image_ids))

        return AnnotationBatch(kept(self.items), kept(self.landmarks), kept(self.polygons))


def numbers(table: pa.Table, name: str, missing: float = 0.0) -> np.ndarray:
    """A column as a numpy array, nulls as `missing`."""
    column = table[name]
    if column.null_count:
        column = column.fill_null(pa.scalar(missing, column.type))
    return column.to_numpy()


def rows_of_items(items: pa.Table, rows: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Where each item's rows begin and end in `rows`, which is sorted by image and item.

    ValueError when rows are left that belong to no item: they would silently shift others.
    """
    return _row_ranges((items["image_id"], items["item_no"]), (rows["image_id"], rows["item_no"]))


def items_of_images(images: pa.Table, items: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Where each image's items begin and end in `items`, which is sorted by image."""
    none = pa.chunked_array([np.zeros(len(images), np.int16)])
    same = pa.chunked_array([np.zeros(len(items), np.int16)])
    return _row_ranges((images["image_id"], none), (items["image_id"], same))


def _row_ranges(
    owners: tuple[pa.ChunkedArray, pa.ChunkedArray], rows: tuple[pa.ChunkedArray, pa.ChunkedArray]
) -> tuple[np.ndarray, np.ndarray]:
    """The range of rows of each owner; both sides are keyed by (image_id, item_no)."""
    image_ids = np.unique(owners[0].to_numpy())
    owner_keys = _item_keys(image_ids, owners)
    row_keys = _item_keys(image_ids, rows)
    starts = np.searchsorted(row_keys, owner_keys, side="left")
    stops = np.searchsorted(row_keys, owner_keys, side="right")
    if (stops - starts).sum() != len(row_keys):
        raise ValueError(f"{len(row_keys) - (stops - starts).sum()} rows belong to no item")
    return starts, stops


def _item_keys(image_ids: np.ndarray, key: tuple[pa.ChunkedArray, pa.ChunkedArray]) -> np.ndarray:
    """One int64 for each (image_id, item_no), in the same order.

    An image_id of FashionAI fills 52 bits, so its rank among `image_ids` is packed with the
    item_no, an int16, instead.
    """
    ids = key[0].to_numpy()
    if not np.isin(ids, image_ids, kind="sort").all():
        raise ValueError("rows of an image that is not in the batch")
    return np.searchsorted(image_ids, ids) << 16 | key[1].to_numpy().astype(np.int64)

"""A release's tables turned once into arrays that a training job can index by row.

Pure: Parquet rows in, Arrow arrays out, coordinates as float32. Rows are numbered through a split,
images by image_id and items by (image_id, item_no); landmarks and polygons are lists per item.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.release import arrow_input, require_readable
from flows.storage.place import Place
from schemas.errors import InputError
from schemas.vocabulary import IMAGE_STATUSES, OCCLUDED, SOURCES, UNLABELLED, VISIBLE

POINT = pa.list_(pa.float32(), 3)
POLYGON = pa.large_list(pa.float32())

_ITEM_NUMBERS = 1 << 15
"""One more than the largest item_no, which is an int16."""


def item_key(image_row: np.ndarray, item_no: np.ndarray) -> np.ndarray:
    """One int64 for each item: ascending keys are in the order of (image row, item_no)."""
    return image_row.astype(np.int64) * _ITEM_NUMBERS + item_no


def find_rows(parents: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The row of each key among the ascending keys of the parents; -1 where it is missing."""
    row = np.searchsorted(parents, keys)
    matches = row < len(parents)
    matches[matches] = parents[row[matches]] == keys[matches]
    return np.where(matches, row, -1)


def read_parts(files: Iterable[Place], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of each file in turn."""
    for file in files:
        with require_readable(file):
            with pq.ParquetFile(arrow_input(file)) as parquet:
                part = parquet.read(list(columns), use_threads=False)
            part = part.select(list(columns))  # reading passes over a column that is missing
        yield part


def image_rows(files: Sequence[Place]) -> pa.Table:
    """One row per image in the order of image_id; what is unknown is 0 or -1.

    `source` is the place in schemas.vocabulary.SOURCES, `image_status` that in IMAGE_STATUSES.
    """
    columns = ("image_id", "file_name", "width", "height", "image_status", "annotated")
    table = pa.concat_tables(read_parts(files, (*columns, "source", "pair_id")))
    if not _ascending(table["image_id"].to_numpy()):
        table = table.sort_by("image_id")
    source = pc.index_in(table["source"], value_set=pa.array(SOURCES))
    status = pc.index_in(table["image_status"], value_set=pa.array(IMAGE_STATUSES))
    return pa.table(
        {
            "image_id": table["image_id"],
            "file_name": table["file_name"],
            "width": table["width"].fill_null(0),
            "height": table["height"].fill_null(0),
            "image_status": status.fill_null(-1).cast(pa.int8()),
            "annotated": table["annotated"].cast(pa.uint8()),
            "source": source.fill_null(-1).cast(pa.int8()),
            "pair_id": table["pair_id"].fill_null(-1),
        }
    )


def item_rows(files: Sequence[Place], image_ids: np.ndarray) -> pa.Table:
    """One row per item in the order of (image, item_no); no box is NaN, no style is -1."""
    edges = ("x1", "y1", "x2", "y2")
    columns = ("image_id", "item_no", "category_id", "style", *edges)
    table = pa.concat_tables(
        read_parts(files, (*columns, "landmarks_visible", "landmarks_occluded"))
    )
    owner = _parent_rows(image_ids, table["image_id"].to_numpy(), "items", "images")
    order = item_key(owner, table["item_no"].to_numpy())
    if not _ascending(order):
        by_item = np.argsort(order, kind="stable")
        table, owner = table.take(by_item), owner[by_item]
    box = np.column_stack([table[edge].to_numpy() for edge in edges]).astype(np.float32)
    return pa.table(
        {
            "image_row": owner.astype(np.int32),
            "item_no": table["item_no"],
            "category_id": table["category_id"],
            "style": table["style"].fill_null(-1),
            "box": pa.FixedSizeListArray.from_arrays(pa.array(box.reshape(-1)), 4),
            "labelled": pc.add(table["landmarks_visible"], table["landmarks_occluded"]),
        }
    )


def landmark_lists(
    files: Sequence[Place], image_ids: np.ndarray, item_keys: np.ndarray
) -> pa.LargeListArray:
    """For each item its landmarks as (x, y, v), v 0 unlabelled, 1 occluded, 2 visible."""

    def points(part: pa.Table) -> pa.Array:
        codes = pc.index_in(part["visibility"], value_set=pa.array([UNLABELLED, OCCLUDED, VISIBLE]))
        columns = [part[axis].fill_null(0.0).to_numpy() for axis in "xy"]
        rows = np.column_stack([*columns, codes.to_numpy()]).astype(np.float32)
        return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), 3)

    parts = read_parts(files, ("image_id", "item_no", "x", "y", "visibility"))
    return _lists_by_item(parts, "landmarks", image_ids, item_keys, points, POINT)


def polygon_lists(
    files: Sequence[Place], image_ids: np.ndarray, item_keys: np.ndarray
) -> pa.LargeListArray:
    """For each item its polygons, each a flat list x1, y1, x2, y2, ..."""

    def points(part: pa.Table) -> pa.Array:
        return part["points"].cast(POLYGON).combine_chunks()

    parts = read_parts(files, ("image_id", "item_no", "points"))
    return _lists_by_item(parts, "polygons", image_ids, item_keys, points, POLYGON)


def _lists_by_item(
    parts: Iterable[pa.Table],
    table: str,
    image_ids: np.ndarray,
    item_keys: np.ndarray,
    values_of: Callable[[pa.Table], pa.Array],
    value_type: pa.DataType,
) -> pa.LargeListArray:
    """The values of a table's rows as one list for each item, in the order of the files."""
    owners, values = [np.zeros(0, np.int64)], [pa.array([], value_type)]
    for part in parts:
        image = _parent_rows(image_ids, part["image_id"].to_numpy(), table, "images")
        keys = item_key(image, part["item_no"].to_numpy())
        owners.append(_parent_rows(item_keys, keys, table, "items"))
        values.append(values_of(part))
    owner, flat = np.concatenate(owners), pa.concat_arrays(values)
    if not _ascending(owner):
        by_item = np.argsort(owner, kind="stable")
        owner, flat = owner[by_item], flat.take(pa.array(by_item))
    counts = np.bincount(owner, minlength=len(item_keys))
    return pa.LargeListArray.from_arrays(np.concatenate([[0], np.cumsum(counts)]), flat)


def _parent_rows(parents: np.ndarray, keys: np.ndarray, table: str, parent: str) -> np.ndarray:
    """The row of each key in the parent table; InputError for an orphan."""
    rows = find_rows(parents, keys)
    if orphans := np.count_nonzero(rows < 0):
        raise InputError(
            f"The release is damaged: {orphans} rows of {table} have no row in {parent} "
            "(`wardrobe verify` lists the damage)."
        )
    return rows


def _ascending(keys: np.ndarray) -> bool:
    return bool((keys[1:] >= keys[:-1]).all())

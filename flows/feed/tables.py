"""A release's tables turned once into arrays that a training job can index by row.

Pure: Parquet rows in, Arrow arrays out, coordinates as float32. Rows are numbered through a split,
images by image_id and items by (image_id, item_no); landmarks and polygons are lists per item.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.release import require_readable
from schemas.errors import InputError
from schemas.vocabulary import OCCLUDED, SOURCES, VISIBLE

_ITEM_NUMBERS = 1 << 15
"""One more than the largest item_no, which is an int16."""


def item_key(image_row: np.ndarray, item_no: np.ndarray) -> np.ndarray:
    """One int64 for each item: ascending keys are in the order of (image row, item_no)."""
    return image_row.astype(np.int64) * _ITEM_NUMBERS + item_no


def read_parts(
    files: Iterable[Path], columns: Sequence[str], words: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """Some columns of each file in turn; `words` come as Arrow dictionaries."""
    for file in files:
        with require_readable(file):
            with pq.ParquetFile(file, read_dictionary=list(words)) as parquet:
                part = parquet.read(list(columns), use_threads=False)
            part = part.select(list(columns))  # reading passes over a column that is missing
        yield part


def image_rows(files: Sequence[Path]) -> pa.Table:
    """One row per image in the order of image_id; what is unknown is 0 or -1.

    `source` is the place in schemas.vocabulary.SOURCES.
    """
    columns = ("image_id", "file_name", "width", "height", "image_status", "annotated")
    table = pa.concat_tables(
        read_parts(files, (*columns, "source", "pair_id"), ("image_status", "source"))
    ).unify_dictionaries()
    if not _ascending(table["image_id"].to_numpy()):
        table = table.sort_by("image_id")
    words = pc.index_in(table["source"].cast(pa.string()), value_set=pa.array(SOURCES))
    return pa.table(
        {
            "image_id": table["image_id"],
            "file_name": table["file_name"],
            "width": table["width"].fill_null(0),
            "height": table["height"].fill_null(0),
            "usable": pc.equal(table["image_status"].cast(pa.string()), "ok").cast(pa.uint8()),
            "annotated": table["annotated"].cast(pa.uint8()),
            "source": words.fill_null(-1).cast(pa.int8()),
            "pair_id": table["pair_id"].fill_null(-1),
        }
    )


def item_rows(files: Sequence[Path], image_ids: np.ndarray) -> pa.Table:
    """One row per item in the order of (image, item_no); no box is NaN, no style is -1."""
    columns = ("image_id", "item_no", "category_id", "style", "x1", "y1", "x2", "y2")
    table = pa.concat_tables(
        read_parts(files, (*columns, "landmarks_visible", "landmarks_occluded"))
    )
    owner = _places(image_ids, table["image_id"].to_numpy(), "items", "images")
    order = item_key(owner, table["item_no"].to_numpy())
    if not _ascending(order):
        by_item = np.argsort(order, kind="stable")
        table, owner = table.take(by_item), owner[by_item]
    box = np.stack([_numbers(table[name]) for name in ("x1", "y1", "x2", "y2")], axis=1)
    labelled = pc.add(table["landmarks_visible"], table["landmarks_occluded"])
    return pa.table(
        {
            "image_row": owner.astype(np.int32),
            "item_no": table["item_no"],
            "category_id": table["category_id"],
            "style": table["style"].fill_null(-1),
            "box": _fixed(box.astype(np.float32)),
            "labelled": labelled,
        }
    )


def landmark_lists(
    files: Sequence[Path], image_ids: np.ndarray, image_row: np.ndarray, item_no: np.ndarray
) -> pa.Table:
    """One row per item: its landmarks as (x, y, v), v 0 unlabelled, 1 occluded, 2 visible."""
    owners, points = [], []
    for part in read_parts(files, ("image_id", "item_no", "x", "y", "visibility"), ("visibility",)):
        owners.append(_item_places(part, image_ids, image_row, item_no, "landmarks"))
        point = np.zeros((part.num_rows, 3), np.float32)
        point[:, 0] = _numbers(part["x"].fill_null(0.0))
        point[:, 1] = _numbers(part["y"].fill_null(0.0))
        seen = part["visibility"].cast(pa.string())
        for word, code in ((OCCLUDED, 1), (VISIBLE, 2)):
            point[pc.equal(seen, word).to_numpy(), 2] = code
        points.append(point)
    owner, values = _joined(owners, np.int64), np.concatenate([np.zeros((0, 3)), *points])
    if not _ascending(owner):
        by_item = np.argsort(owner, kind="stable")
        owner, values = owner[by_item], values[by_item]
    return pa.table(
        {"points": _lists(_starts(owner, len(item_no)), _fixed(values.astype(np.float32)))}
    )


def polygon_lists(
    files: Sequence[Path], image_ids: np.ndarray, image_row: np.ndarray, item_no: np.ndarray
) -> pa.Table:
    """One row per item: its polygons, each a flat list x1, y1, x2, y2, ..."""
    owners: list[np.ndarray] = []
    polygons: list[pa.Array] = []
    for part in read_parts(files, ("image_id", "item_no", "points")):
        owners.append(_item_places(part, image_ids, image_row, item_no, "polygons"))
        polygons += part["points"].cast(pa.large_list(pa.float32())).chunks
    owner = _joined(owners, np.int64)
    flat = pa.concat_arrays([pa.array([], pa.large_list(pa.float32())), *polygons])
    if not _ascending(owner):
        by_item = np.argsort(owner, kind="stable")
        owner, flat = owner[by_item], flat.take(pa.array(by_item))
    return pa.table({"polygons": _lists(_starts(owner, len(item_no)), flat)})


def _item_places(
    part: pa.Table, image_ids: np.ndarray, image_row: np.ndarray, item_no: np.ndarray, table: str
) -> np.ndarray:
    """For each row, the row of the item it belongs to."""
    image = _places(image_ids, part["image_id"].to_numpy(), table, "images")
    keys = item_key(image, part["item_no"].to_numpy())
    return _places(item_key(image_row, item_no), keys, table, "items")


def _places(parents: np.ndarray, keys: np.ndarray, table: str, parent: str) -> np.ndarray:
    """The index of each key in the ascending keys of the parents; InputError for an orphan."""
    place = np.searchsorted(parents, keys)
    matches = place < len(parents)
    matches[matches] = parents[place[matches]] == keys[matches]
    if not matches.all():
        raise InputError(
            f"The release is damaged: {np.count_nonzero(~matches)} rows of {table} have no row in "
            f"{parent} (`wardrobe verify` lists the damage)."
        )
    return place.astype(np.int64)


def _ascending(keys: np.ndarray) -> bool:
    return bool((keys[1:] >= keys[:-1]).all())


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """float64 with NaN for null."""
    return column.to_numpy().astype(np.float64, copy=False)


def _joined(pieces: list[np.ndarray], kind: type[np.generic]) -> np.ndarray:
    return np.concatenate(pieces) if pieces else np.zeros(0, kind)


def _starts(owner: np.ndarray, count: int) -> np.ndarray:
    """Offsets of a list per owner, from ascending owner rows."""
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))]).astype(np.int64)


def _fixed(rows: np.ndarray) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])


def _lists(starts: np.ndarray, values: pa.Array) -> pa.LargeListArray:
    return pa.LargeListArray.from_arrays(pa.array(starts), values)

"""Nested annotations -> rows of each table: images, pictures, items, landmarks, polygons."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.categories import CATEGORIES
from schemas.images import IMAGES
from schemas.items import ITEMS
from schemas.landmarks import LANDMARKS
from schemas.pictures import PICTURES
from schemas.polygons import POLYGONS
from schemas.vocabulary import OCCLUDED, VISIBLE

FLATTEN_VERSION = 2
"""Raise it when the same annotations give other rows or files: flatten, validate, lake/write."""

_ITEM_KEY = ("dataset", "split", "image_id", "item_no")


def flatten(annotations: pa.RecordBatch) -> dict[str, pa.RecordBatch]:
    """All tables of a part by name, in their declared schemas; accepts any slice of a batch."""
    items = _item_columns(annotations)
    tables = {
        "images": _image_rows(annotations),
        "items": _item_rows(items),
        "landmarks": _landmark_rows(items),
        "polygons": _polygon_rows(items),
    }
    if annotations["picture"].null_count < len(annotations):
        tables["pictures"] = _picture_rows(annotations)
    return tables


def _image_rows(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per image, annotated or not: the batch without its nested columns."""
    return annotations.select(IMAGES.schema.names).cast(IMAGES.schema)


def _picture_rows(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per image whose bytes are embedded; images without bytes have none."""
    embedded = annotations.filter(annotations["picture"].is_valid())
    columns = [embedded[name] for name in ("dataset", "split", "image_id", "picture")]
    return pa.RecordBatch.from_arrays(columns, schema=PICTURES.schema)


def _item_columns(annotations: pa.RecordBatch) -> pa.RecordBatch:
    """One row per item, in the order of the batch: the image's key and the item's fields.

    `landmarks` and `polygons` are still lists; `_landmark_rows` and `_polygon_rows` unnest them.
    """
    items = annotations["items"]
    owner = pc.list_parent_indices(items)
    # flatten() of a struct honours the slice and puts the parent's nulls into the fields.
    values = items.flatten()
    fields = dict(zip((field.name for field in values.type), values.flatten(), strict=True))
    keys = {name: annotations[name].take(owner) for name in _ITEM_KEY[:3]}
    return pa.RecordBatch.from_pydict(keys | fields)


def _item_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of the items table: landmarks and polygons are counted, their lists left out."""
    counts = {
        "landmarks_visible": _count(items["landmarks"], VISIBLE),
        "landmarks_occluded": _count(items["landmarks"], OCCLUDED),
        "polygon_count": pc.list_value_length(items["polygons"]),
    }
    columns = dict(zip(items.schema.names, items.columns, strict=True))
    return pa.RecordBatch.from_pydict(columns | counts, schema=ITEMS.schema)


def _count(landmarks: pa.ListArray, word: str) -> pa.Array:
    """How many landmarks of each item have that visibility."""
    matches = pc.equal(landmarks.flatten().field("visibility"), word)
    matches_before = np.zeros(len(matches) + 1, np.int64)
    np.cumsum(matches.to_numpy(zero_copy_only=False), out=matches_before[1:])
    return pa.array(np.diff(matches_before[_offsets(landmarks)]).astype(np.int16))


def _landmark_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Unnest the landmarks of each item: n items -> one row per landmark.

    `items` holds one row per item; its column `landmarks` is a list of (x, y, visibility), pixels
    and shared words, in the category's order. Nothing is dropped: an unlabelled landmark is a row
    too, which keeps `landmark_no` equal to its place in that order.
    """
    landmarks = items["landmarks"]
    owner = pc.list_parent_indices(landmarks)
    number = _numbers_within(landmarks)
    point = landmarks.flatten()
    columns = {
        **{name: items[name].take(owner) for name in _ITEM_KEY},
        "landmark_no": number.astype(np.int16),
        "landmark_name": _landmark_names(items, owner, number),
        **{name: point.field(name) for name in ("x", "y", "visibility")},
    }
    return pa.RecordBatch.from_pydict(columns, schema=LANDMARKS.schema)


def _landmark_names(items: pa.RecordBatch, owner: pa.Array, number: np.ndarray) -> pa.Array:
    """The source's names of landmarks; null where it names none."""
    names = pa.nulls(len(owner), pa.string())
    for dataset in pc.unique(items["dataset"]).to_pylist():
        for category in CATEGORIES[dataset]:
            if not category.landmark_names:
                continue
            has_category = pc.and_(
                pc.equal(items["dataset"], dataset),
                pc.equal(items["category_id"], category.category_id),
            )
            index = pa.array(np.minimum(number, category.landmarks) - 1)
            named = pa.array(category.landmark_names).take(index)
            names = pc.if_else(has_category.take(owner), named, names)
    return names


def _polygon_rows(items: pa.RecordBatch) -> pa.RecordBatch:
    """Unnest the polygons of each item: n items -> one row per polygon, points unchanged.

    A repeated closing point is kept and counted. Each polygon has its area; parts are inside the
    whole, so a sum of areas counts them twice.
    """
    polygons = items["polygons"]
    owner = pc.list_parent_indices(polygons)
    points = polygons.flatten()
    closed, area = _outlines(points)
    columns = {
        **{name: items[name].take(owner) for name in _ITEM_KEY},
        "polygon_no": _numbers_within(polygons).astype(np.int16),
        "points": points,
        "point_count": pc.divide(pc.list_value_length(points), 2),
        "closed": closed,
        "area": area,
    }
    return pa.RecordBatch.from_pydict(columns, schema=POLYGONS.schema)


def _outlines(points: pa.ListArray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each polygon ends where it began, and the area it encloses."""
    if not len(points):
        return np.empty(0, bool), np.empty(0, np.float64)
    ends = _offsets(points) // 2
    first, last = ends[:-1], ends[1:] - 1
    x, y = points.flatten().to_numpy().reshape(-1, 2).T
    closed = (x[first] == x[last]) & (y[first] == y[last])

    # Shoelace: every point with the next one, the last with the first of its polygon. Coordinates
    # are relative to the polygon's first point, which keeps small differences of large ones exact.
    following = np.arange(1, len(x) + 1)
    following[last] = first
    counts = last - first + 1
    x, y = x - np.repeat(x[first], counts), y - np.repeat(y[first], counts)
    crossed = x * y[following] - x[following] * y
    return closed, np.abs(np.add.reduceat(crossed, first)) / 2


def _numbers_within(lists: pa.ListArray) -> np.ndarray:
    """1, 2, 3, ... for the values of each list, one list after another."""
    ends = _offsets(lists)
    return np.arange(1, ends[-1] + 1) - np.repeat(ends[:-1], np.diff(ends))


def _offsets(lists: pa.ListArray) -> np.ndarray:
    """Offsets into `lists.flatten()`: a sliced list keeps its parent's, which start elsewhere."""
    return lists.offsets.to_numpy() - lists.offsets[0].as_py()

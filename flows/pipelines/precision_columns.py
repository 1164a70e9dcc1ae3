"""Items of a release and detections as columns: what average precision is computed from."""

from collections.abc import Iterable
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.item_rows import COCO_VISIBILITY, item_rows
from flows.metrics.average_precision import hotcoco
from flows.metrics.coco_records import Columns, LandmarkSlots, labelled_landmarks, visible_only
from flows.pipelines.evaluation import EvaluationInputs
from flows.pipelines.slices import export_totals, split_batches
from schemas.categories import CATEGORIES
from schemas.errors import InputError
from schemas.predictions import PREDICTED_BOXES, PREDICTED_LANDMARKS, PREDICTED_MASKS
from schemas.vocabulary import ITEM_ATTRIBUTES

DATASET = "deepfashion2"
"""The data set with boxes, landmarks with OKS constants, and masks."""

WIDEST = max(each.landmarks for each in CATEGORIES[DATASET])
"""The most landmarks of a category."""

SLOTS = {each.category_id: LandmarkSlots(each) for each in CATEGORIES[DATASET]}
"""The slots of each category."""

ALL_SLOTS = sum(each.landmarks for each in CATEGORIES[DATASET])
"""The landmarks of all categories: places of the long vector."""

PREDICTED = {
    "detection": PREDICTED_BOXES,
    "landmarks": PREDICTED_LANDMARKS,
    "segmentation": PREDICTED_MASKS,
}
"""The table of predictions of each task."""


def read_items(inputs: EvaluationInputs, task: str) -> tuple[pa.Table, Columns]:
    """The annotated images (image_id, width, height) and the items of a split, in COCO's order.

    The area of an item is that of its box for every task, as in the authors' converter. A mask is
    the union of an item's polygons, as COCO's tools read the converter's list of polygons. Raises
    InputError for a split without annotations, and for masks where sizes of images are unknown.
    """
    totals = export_totals(inputs.warehouse, inputs.dataset, inputs.split)
    if task == "segmentation" and totals.without_size:
        raise InputError(
            f"masks need the size of every image, but {totals.without_size:,} of "
            f"{totals.images:,} annotated images of {inputs.dataset} {inputs.split} have none: "
            "ingest the pictures as well."
        )
    sizes, columns = [], []
    batches = split_batches(
        inputs.warehouse,
        totals,
        landmarks=task == "landmarks",
        polygons=task == "segmentation",
    )
    for images, items in batches:
        sizes.append(images.select(["image_id", "width", "height"]))
        own = _item_columns(items)
        if task == "landmarks":
            own["keypoints"] = _item_keypoints(items)
        elif task == "segmentation":
            own["segmentation"] = _item_masks(items, sizes[-1])
        columns.append(own)
    return pa.concat_tables(sizes), _joined(columns)


def _item_columns(items: pa.Table) -> Columns:
    names = ("image_id", "item_no", "category_id", *ITEM_ATTRIBUTES)
    x1, y1, x2, y2 = (items[name].to_numpy() for name in ("x1", "y1", "x2", "y2"))
    width, height = x2 - x1, y2 - y1
    return {
        **{name: items[name].to_numpy() for name in names},
        "area": width * height,
        "bbox": np.column_stack((x1, y1, width, height)),
    }


def _item_keypoints(items: pa.Table) -> np.ndarray:
    """x, y and COCO's visibility of each item's landmarks by number, then zeros."""
    lists = items["landmarks"].combine_chunks()
    marks = lists.flatten()
    points = np.zeros((len(items), WIDEST, 3))
    place = pc.list_parent_indices(lists).to_numpy(), marks.field("landmark_no").to_numpy() - 1
    codes = pc.index_in(marks.field("visibility"), value_set=COCO_VISIBILITY)
    for axis, values in enumerate((marks.field("x"), marks.field("y"), codes)):
        points[*place, axis] = values.fill_null(0).to_numpy()
    return points


def _item_masks(items: pa.Table, sizes: pa.Table) -> np.ndarray:
    """The union of each item's polygons as COCO's run lengths."""
    mask = hotcoco().mask
    size_of = {row["image_id"]: (row["height"], row["width"]) for row in sizes.to_pylist()}
    masks = np.empty(len(items), object)
    for number, row in enumerate(item_rows(items)):
        height, width = size_of[row["image_id"]]
        empty = mask.encode(np.zeros((height, width), np.uint8, order="F"))
        parts = [mask.fr_poly(points.tolist(), height, width) for points in row["polygons"]]
        masks[number] = mask.merge(parts) if parts else empty
    return masks


def read_detections(task: str, batches: Iterable[pa.RecordBatch], items: Columns) -> Columns:
    """Detections in file order, from batches of the task's table of schemas/predictions.py.

    The area is that of the box, of the box around all predicted landmarks, or of the mask.
    """
    table = PREDICTED[task]
    empty = pa.RecordBatch.from_pylist([], table.schema)
    keys = _unlabelled_keys(items) if task == "landmarks" else np.zeros(0, np.int64)
    columns = []
    for batch in chain([empty], batches):
        own = {name: batch[name].to_numpy() for name in table.schema.names[:4]}
        # Finite coordinates may have an infinite area.
        with np.errstate(over="ignore", invalid="ignore"):
            if task == "detection":
                own |= _boxes(batch)
            elif task == "segmentation":
                own |= _masks(batch)
            else:
                own |= _landmarks(batch, np.isin(_keys(own), keys))
        columns.append(own)
    return _joined(columns)


def _boxes(batch: pa.RecordBatch) -> Columns:
    box = np.column_stack([batch[name].to_numpy() for name in ("x", "y", "width", "height")])
    return {"area": box[:, 2] * box[:, 3], "bbox": box}


def _masks(batch: pa.RecordBatch) -> Columns:
    masks = np.empty(len(batch), object)
    masks[:] = [
        {"size": [row["height"], row["width"]], "counts": row["counts"]}
        for row in batch.select(["height", "width", "counts"]).to_pylist()
    ]
    area = np.array(hotcoco().mask.area(masks.tolist()), np.float64)
    return {"area": area, "segmentation": masks}


def _landmarks(batch: pa.RecordBatch, keep_all: np.ndarray) -> Columns:
    """Landmarks of the own category; those of all categories only of the rows `keep_all`.

    The others are zeros where the file has only those of the category: they widen the area.
    """
    categories, lists = batch["category_id"].to_numpy(), batch["keypoints"]
    lengths = lists.value_lengths().to_numpy()
    points = np.zeros((len(batch), WIDEST, 3))
    area = np.zeros(len(batch))
    all_points = np.full(len(batch), None)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        own_lists = lists if len(rows) == len(batch) else lists.take(pa.array(rows))
        every = own_lists.flatten().to_numpy().reshape(len(rows), length // 3, 3)
        if length // 3 < ALL_SLOTS:
            every = _in_slots(every, categories[rows])
        # Extremes of contiguous numbers are faster: in each row all x, then all y.
        axes = np.ascontiguousarray(every[:, :, :2].transpose(0, 2, 1))
        area[rows] = np.ptp(axes, axis=2).prod(axis=1)
        for category_id in np.unique(categories[rows]):
            places = np.flatnonzero(categories[rows] == category_id)
            slots = SLOTS[category_id]
            own = slots.order[: slots.own]
            points[rows[places], : slots.own] = every[places[:, None], own]
            for place in places[keep_all[rows[places]]]:
                all_points[rows[place]] = every[place, slots.order]
    return {"area": area, "keypoints": points, "all_keypoints": all_points}


def _in_slots(points: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Landmarks of the own category (n x m x 3) in its slots of the long vector."""
    every = np.zeros((len(points), ALL_SLOTS, 3))
    for category_id in np.unique(categories):
        rows = np.flatnonzero(categories == category_id)
        slots = SLOTS[category_id]
        every[rows[:, None], slots.order[: slots.own]] = points[rows]
    return every


def _unlabelled_keys(items: Columns) -> np.ndarray:
    """Image and category of the items without a visible landmark."""
    return _keys(items)[labelled_landmarks(visible_only(items)) == 0]


def _keys(columns: Columns) -> np.ndarray:
    return columns["image_id"] * 1000 + columns["category_id"]


def _joined(batches: list[Columns]) -> Columns:
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}

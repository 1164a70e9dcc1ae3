"""COCO results as prediction tables: boxes, landmarks and masks of DeepFashion2.

Files are JSON (a list of records) or Parquet (a row per record), several of them one after the
other. A record has `image_id`, `category_id`, `score` and `bbox` (x, y, width, height), `keypoints`
(882 numbers: x, y, v of all landmarks; or those of the category alone) or `segmentation` (run
lengths or polygons). `id`, `area`, `iscrowd`, `num_keypoints`, `file_name` and the geometry of
other tasks are ignored. Anything else is refused: InputError with file, row and field.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.predictions.coco_json import read_json
from flows.predictions.coco_masks import MaskError, compressed
from flows.predictions.coco_parquet import read_parquet
from flows.predictions.coco_records import (
    BoxRecord,
    LandmarkRecord,
    MaskRecord,
    RawLandmarkRecord,
    Record,
    path_and_problem,
)
from flows.predictions.digest import is_parquet
from flows.predictions.number_lists import number_lists
from schemas.categories import CATEGORIES
from schemas.errors import InputError
from schemas.predictions import PREDICTED_BOXES, PREDICTED_LANDMARKS, PREDICTED_MASKS
from schemas.table import Table

_LANDMARKS = {category.category_id: category.landmarks for category in CATEGORIES["deepfashion2"]}
_NUMBERS = msgspec.json.Decoder(list[float])
_ALL_LANDMARKS = sum(_LANDMARKS.values())


def read_boxes(paths: Sequence[Path], images: pa.Table) -> Iterator[pa.RecordBatch]:
    """The rows of PREDICTED_BOXES in the order of the files, in batches.

    `images` has image_id, width and height of the annotated images of the split. Raises InputError
    for the first invalid record.
    """
    return _read(paths, images, PREDICTED_BOXES, BoxRecord, "bbox", _box_columns)


def read_landmarks(paths: Sequence[Path], images: pa.Table) -> Iterator[pa.RecordBatch]:
    """The rows of PREDICTED_LANDMARKS, as `read_boxes` gives those of boxes."""
    return _read(paths, images, PREDICTED_LANDMARKS, LandmarkRecord, "keypoints", _list_columns)


def read_masks(paths: Sequence[Path], images: pa.Table) -> Iterator[pa.RecordBatch]:
    """The rows of PREDICTED_MASKS, as `read_boxes` gives those of boxes.

    Polygons are rasterised, and the size of a mask is that of its picture where it is known.
    Raises MissingExtra where hotcoco is needed and not installed.
    """
    return _read(paths, images, PREDICTED_MASKS, MaskRecord, "segmentation", _mask_columns)


class _Block(NamedTuple):
    """Records of a file as columns, and the number of the first."""

    path: Path
    row: int
    image_id: pa.Array
    category_id: pa.Array
    score: pa.Array
    geometry: Any

    def refuse(self, bad: np.ndarray, problem: Callable[[int], str]) -> None:
        """Raise InputError for the first bad record, if there is any."""
        if bad.any():
            place = int(bad.argmax())
            raise InputError(f"{self.path}: row {self.row + place}: {problem(place)}.")


def _read(
    paths: Sequence[Path],
    images: pa.Table,
    table: Table,
    record_type: type[Record],
    geometry: str,
    columns: Callable[[_Block, pa.Table], list[Any]],
) -> Iterator[pa.RecordBatch]:
    images = images.combine_chunks()
    row = 1
    for path in paths:
        for block in _blocks(path, row, record_type, geometry):
            places = pc.index_in(block.image_id, images["image_id"])
            _require_known(block, places)
            rows = pa.array(range(row, row + len(places)), pa.int64())
            category_id = block.category_id.cast(pa.int16())
            own = columns(block, images.take(places))
            arrays = [rows, block.image_id, category_id, block.score, *own]
            yield pa.RecordBatch.from_arrays(arrays, schema=table.schema)
            row += len(places)


def _blocks(path: Path, row: int, record_type: type[Record], geometry: str) -> Iterator[_Block]:
    if is_parquet(path):
        for batch in read_parquet(path, row, record_type, geometry):
            image_id, category_id, score, values = batch.columns
            if geometry == "segmentation":
                values = values.to_pylist()
            yield _Block(path, row, image_id, category_id, score, values)
            row += len(batch)
    else:
        block_type = RawLandmarkRecord if record_type is LandmarkRecord else record_type
        for records in read_json(path, row, block_type, record_type):
            yield _from_json(path, row, records, geometry)
            row += len(records)


def _from_json(path: Path, row: int, records: Sequence[Record], geometry: str) -> _Block:
    image_id = pa.array([record.image_id for record in records], pa.int64())
    category_id = pa.array([record.category_id for record in records], pa.int64())
    score = pa.array([record.score for record in records], pa.float64())
    values: Any = [getattr(record, geometry) for record in records]
    if isinstance(values[0], msgspec.Raw):
        values = _number_lists(path, row, values)
    elif geometry != "segmentation":
        values = pa.array(values, pa.list_(pa.float64()))
    return _Block(path, row, image_id, category_id, score, values)


def _number_lists(path: Path, row: int, values: list[msgspec.Raw]) -> pa.ListArray:
    """The numbers of JSON arrays. Raises InputError for anything else."""
    arrays = [bytes(value) for value in values]
    if (numbers := number_lists(arrays)) is not None:
        return numbers
    lists = []
    for number, array in enumerate(arrays, start=row):
        try:
            lists.append(_NUMBERS.decode(array))
        except msgspec.ValidationError as error:
            place, problem = path_and_problem(error)
            raise InputError(f"{path}: row {number}: $.keypoints{place}: {problem}.") from error
    return pa.array(lists, pa.list_(pa.float64()))


def _require_known(block: _Block, places: pa.Array) -> None:
    """Refuse unknown images, unknown categories and scores that are not finite."""
    unknown = places.is_null().to_numpy(zero_copy_only=False)
    block.refuse(
        unknown,
        lambda at: f"$.image_id: {block.image_id[at]} is not an annotated image of the split",
    )
    categories = pc.is_in(block.category_id, pa.array(_LANDMARKS, pa.int64()))
    block.refuse(
        ~categories.to_numpy(zero_copy_only=False),
        lambda at: f"$.category_id: {block.category_id[at]} is not a category of DeepFashion2",
    )
    finite = np.isfinite(block.score.to_numpy())
    block.refuse(~finite, lambda at: f"$.score: {block.score[at]} is not a finite number")


def _list_columns(block: _Block, images: pa.Table) -> list[pa.Array]:
    """The landmarks."""
    own = 3 * np.array([_LANDMARKS[number] for number in block.category_id.to_pylist()], int)
    lengths = pc.list_value_length(block.geometry).to_numpy()
    block.refuse(
        (lengths != own) & (lengths != 3 * _ALL_LANDMARKS),
        lambda at: (
            f"$.keypoints: has {lengths[at]} numbers, not {3 * _ALL_LANDMARKS} or the "
            f"{own[at]} of category {block.category_id[at]}"
        ),
    )
    _require_finite(block, "keypoints", lengths)
    return [block.geometry]


def _box_columns(block: _Block, images: pa.Table) -> list[pa.Array]:
    """x, y, width and height."""
    lengths = pc.list_value_length(block.geometry).to_numpy()
    block.refuse(
        lengths != 4, lambda at: f"$.bbox: has {lengths[at]} numbers, not x, y, width and height"
    )
    boxes = _require_finite(block, "bbox", lengths).reshape(-1, 4)
    block.refuse(
        boxes[:, 2:].min(axis=1, initial=0) < 0,
        lambda at: f"$.bbox: width {boxes[at, 2]} or height {boxes[at, 3]} is negative",
    )
    return [pa.array(column) for column in boxes.T]


def _require_finite(block: _Block, field: str, lengths: np.ndarray) -> np.ndarray:
    """The numbers of all lists, which have these lengths, one after the other."""
    numbers = block.geometry.flatten().to_numpy()
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        ends = lengths.cumsum()
        place = int(ends.searchsorted(bad[0], side="right"))
        number = bad[0] - (ends[place] - lengths[place])
        problem = f"$.{field}[{number}]: {numbers[bad[0]]} is not a finite number"
        raise InputError(f"{block.path}: row {block.row + place}: {problem}.")
    return numbers


def _mask_columns(block: _Block, images: pa.Table) -> list[pa.Array]:
    """Height, width and compressed run lengths."""
    masks = []
    sizes = zip(images["height"].to_pylist(), images["width"].to_pylist(), strict=True)
    for row, (value, (height, width)) in enumerate(zip(block.geometry, sizes, strict=True)):
        try:
            masks.append(compressed(value, (height, width) if height and width else None))
        except MaskError as error:
            problem = f"$.segmentation{error}"
            raise InputError(f"{block.path}: row {block.row + row}: {problem}.") from error
    heights, widths, counts = zip(*masks, strict=True) if masks else ((), (), ())
    return [
        pa.array(heights, pa.int32()),
        pa.array(widths, pa.int32()),
        pa.array(counts, pa.binary()),
    ]

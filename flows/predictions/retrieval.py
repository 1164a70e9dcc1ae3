"""Retrieval results as prediction tables: detected items of consumers, each with a gallery list.

Files are JSON (a list of records) or Parquet (a row per record) of the authors' format, several of
them one after the other: `query_image_id`, `query_bbox`, `query_cls`, `query_score`, and
`gallery_image_id` and `gallery_bbox` with 1 to 20 entries each, the most similar item first. Boxes
are x1, y1, x2, y2. Anything else is refused: InputError with file, row and field.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from flows.predictions.coco_json import read_json
from flows.predictions.coco_records import Integer, path_and_problem
from flows.predictions.digest import is_parquet, opened_parquet
from schemas.annotation import MAX_COORDINATE
from schemas.categories import CATEGORIES
from schemas.challenge import GALLERY_ENTRIES
from schemas.errors import InputError
from schemas.predictions import GALLERY_DETECTIONS, QUERY_DETECTIONS

BATCH = 1024
"""Rows of a Parquet file at a time."""

_CATEGORIES = {category.category_id for category in CATEGORIES["deepfashion2"]}
EDGES = ("x1", "y1", "x2", "y2")

Coordinate = Annotated[float, msgspec.Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
Box = tuple[Coordinate, Coordinate, Coordinate, Coordinate]
_Length = msgspec.Meta(min_length=1, max_length=GALLERY_ENTRIES)


class RetrievalRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A record of the authors' format."""

    query_image_id: Integer
    query_bbox: Box
    query_cls: Integer
    query_score: float
    gallery_image_id: Annotated[list[Integer], _Length]
    gallery_bbox: Annotated[list[Box], _Length]


class Retrieval(NamedTuple):
    """Rows of QUERY_DETECTIONS and of GALLERY_DETECTIONS, and the last row of each file."""

    queries: pa.Table
    gallery: pa.Table
    last_rows: tuple[int, ...]


def read_retrieval(paths: Sequence[Path]) -> Retrieval:
    """The records of the files in their order. Raises InputError for the first invalid record."""
    queries = [QUERY_DETECTIONS.schema.empty_table()]
    gallery = [GALLERY_DETECTIONS.schema.empty_table()]
    last_rows = []
    row = 1
    for path in paths:
        if is_parquet(path):
            blocks = _read_parquet(path, row)
        else:
            blocks = read_json(path, row, RetrievalRecord, RetrievalRecord)
        for records in blocks:
            for number, record in enumerate(records, start=row):
                _validate(f"{path}: row {number}", record)
            queries.append(_queries(records, row))
            gallery.append(_gallery(records, row))
            row += len(records)
        last_rows.append(row - 1)
    return Retrieval(pa.concat_tables(queries), pa.concat_tables(gallery), tuple(last_rows))


def _read_parquet(path: Path, row: int) -> Iterator[list[RetrievalRecord]]:
    """Records of a Parquet file, validated as those of JSON are."""
    with opened_parquet(path) as file:
        names = file.schema_arrow.names
        for name in RetrievalRecord.__struct_fields__:
            if names.count(name) != 1:
                problem = "occurs twice" if name in names else "is missing"
                raise InputError(f"{path}: $.{name}: {problem}.")
        for batch in file.iter_batches(BATCH):
            records = []
            for values in batch.to_pylist():
                records.append(_converted(f"{path}: row {row}", values))
                row += 1
            yield records


def _converted(where: str, values: object) -> RetrievalRecord:
    try:
        return msgspec.convert(values, RetrievalRecord)
    except msgspec.ValidationError as error:
        field, problem = path_and_problem(error)
        raise InputError(f"{where}: ${field}: {problem}.") from error


def _validate(where: str, record: RetrievalRecord) -> None:
    """Refuse what the types cannot say. Raises InputError."""
    if record.query_cls not in _CATEGORIES:
        problem = f"{record.query_cls} is not a category of DeepFashion2"
        raise InputError(f"{where}: $.query_cls: {problem}.")
    if not math.isfinite(record.query_score):
        raise InputError(f"{where}: $.query_score: {record.query_score} is not a finite number.")
    images, boxes = len(record.gallery_image_id), len(record.gallery_bbox)
    if images != boxes:
        problem = f"has {boxes} boxes for the {images} images of $.gallery_image_id"
        raise InputError(f"{where}: $.gallery_bbox: {problem}.")
    for rank, (x1, y1, x2, y2) in enumerate((record.query_bbox, *record.gallery_bbox)):
        if x1 > x2 or y1 > y2:
            edges = "x2 is left of x1" if x1 > x2 else "y2 is above y1"
            raise InputError(f"{where}: {field_of(rank, 'bbox')}: {edges}.")


def field_of(rank: int, end: str) -> str:
    """The JSON path of a box or image in a record; rank 0 is the query."""
    return f"$.gallery_{end}[{rank - 1}]" if rank else f"$.query_{end}"


def _queries(records: Sequence[RetrievalRecord], row: int) -> pa.Table:
    edges = zip(*(record.query_bbox for record in records), strict=True)
    columns = {
        "row": range(row, row + len(records)),
        "image_id": [record.query_image_id for record in records],
        "item_no": [None] * len(records),
        "category_id": [record.query_cls for record in records],
        "score": [record.query_score for record in records],
    } | dict(zip(EDGES, edges, strict=True))
    return pa.table(columns, QUERY_DETECTIONS.schema)


def _gallery(records: Sequence[RetrievalRecord], row: int) -> pa.Table:
    counts = [len(record.gallery_bbox) for record in records]
    edges = zip(*(box for record in records for box in record.gallery_bbox), strict=True)
    columns = {
        "row": np.repeat(np.arange(row, row + len(records)), counts),
        "rank": [rank for count in counts for rank in range(1, count + 1)],
        "image_id": [number for record in records for number in record.gallery_image_id],
    } | dict(zip(EDGES, edges, strict=True))
    return pa.table(columns, GALLERY_DETECTIONS.schema)

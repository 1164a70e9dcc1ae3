"""Files of details that `wardrobe evaluate --details` wrote: what was scored, and the rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.metrics.curves import THRESHOLDS
from flows.pipelines.evaluation import Origin
from flows.predictions import opened_parquet
from schemas.categories import CATEGORIES
from schemas.details import DETAILS, FOOTER, PRECISION_DETAILS
from schemas.errors import InputError
from schemas.table import Table

Mask: TypeAlias = pa.ChunkedArray | np.ndarray


@dataclass(frozen=True)
class Details:
    """A file of details: its table of schemas/details.py, and the rows in the order of the file."""

    path: Path
    origin: Origin
    table: Table
    rows: pa.Table


def read_details(path: Path) -> Details:
    """Read and validate a file of details. Raises InputError for other and for damaged files."""
    if not path.is_file():
        raise InputError(f"{path} is not a file")
    with opened_parquet(path) as file:
        rows = file.read()
    origin = _origin(rows)
    table = next((t for t in DETAILS.values() if t.schema.names == rows.column_names), None)
    if origin is None or table is None:
        raise InputError(f"{path} is not a file that `wardrobe evaluate --details` wrote")
    for field, declared in zip(rows.schema, table.schema, strict=True):
        if field.type != declared.type:
            raise InputError(f"{path}: {field.name} is of type {field.type}, not {declared.type}")
    for mask, problem in _problems(table, rows, origin.dataset):
        if bad := np.flatnonzero(mask).tolist():
            raise InputError(f"{path} is damaged: row {bad[0] + 1}: {problem}")
    return Details(path, origin, table, rows)


def _origin(rows: pa.Table) -> Origin | None:
    try:
        origin = msgspec.json.decode((rows.schema.metadata or {}).get(FOOTER, b""), type=Origin)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return origin if origin.dataset in CATEGORIES else None


def _problems(table: Table, rows: pa.Table, dataset: str) -> Iterator[tuple[Mask, str]]:
    """Which rows have a problem, and the problem."""
    categories = tuple(category.category_id for category in CATEGORIES[dataset])
    for column in table.columns:
        name, values = column.field.name, rows[column.field.name]
        words = categories if name in ("category_id", "predicted_id") else column.words
        if not column.field.nullable:
            yield pc.is_null(values), f"{name} is null"
        if words:
            is_other = pc.invert(pc.is_in(values, pa.array(words, values.type)))
            yield pc.and_(pc.is_valid(values), is_other), f"{name} is unknown"
        if pa.types.is_floating(values.type):
            yield pc.invert(pc.is_finite(values)), f"{name} is not a finite number"
    yield _repeated(rows.select(table.key)), f"the same {', '.join(table.key)} as another row"
    if table is PRECISION_DETAILS:
        yield from _detection_problems(rows)


def _repeated(keys: pa.Table) -> np.ndarray:
    """Which rows have the key of an earlier one."""
    places = keys.append_column("place", pa.array(np.arange(len(keys))))
    first = places.group_by(keys.column_names).aggregate([("place", "min")])["place_min"]
    is_repeated = np.ones(len(keys), bool)
    is_repeated[first.to_numpy()] = False
    return is_repeated


def _detection_problems(rows: pa.Table) -> Iterator[tuple[Mask, str]]:
    lists = rows["detections"].combine_chunks()
    owners = pc.list_parent_indices(lists).to_numpy()
    scores, matches, ignored = (
        pc.struct_field(lists.flatten(), name).to_numpy() for name in ("score", "found", "ignored")
    )

    def owners_of(flags: np.ndarray) -> np.ndarray:
        return np.bincount(owners[flags], minlength=len(rows))

    yield owners_of(~np.isfinite(scores)) > 0, "a score is not a finite number"
    rises = (scores[1:] > scores[:-1]) & (owners[1:] == owners[:-1])
    yield owners_of(np.append(rises, False)) > 0, "detections are not in order of their scores"
    bits = len(THRESHOLDS)
    yield owners_of((matches | ignored) >> bits > 0) > 0, f"an outcome has more than {bits} bits"
    for bit in range(bits):
        hits = owners_of((matches & ~ignored) >> bit & 1 > 0)
        yield hits > rows["truths"].to_numpy(), "more items have a match than count"

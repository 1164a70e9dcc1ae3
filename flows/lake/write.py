"""The tables of a part -> one Parquet file each, the same for the same rows in any process."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.lake.table_file import Rows, TableFile, batches_of
from flows.release.manifest import FileRecord, table_order
from schemas import TABLES
from schemas.table import SCHEMA_VERSION

MAIN_TABLES = ("images", "items", "landmarks", "polygons", "rejections")
"""Every part has a file of these, with no rows if need be: a glob never meets nothing."""

_WORD = re.compile(r"[a-z0-9][a-z0-9_-]*")


class PartName(Protocol):
    """What a part is called: all that writing needs to know of it."""

    @property
    def dataset(self) -> str: ...
    @property
    def split(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def name(self) -> str: ...


def table_path(table: str, dataset: str, split: str, number: int = 0) -> str:
    """Where the rows of one part lie within a release, in Hive's convention."""
    for word in (dataset, split):
        if not _WORD.fullmatch(word):
            raise ValueError(
                f"{word!r} cannot name a partition: lowercase letters, digits, - and _"
            )
    return f"{table}/dataset={dataset}/split={split}/part-{number:05d}.parquet"


def write_part(folder: Path, part: PartName, tables: Mapping[str, Rows]) -> tuple[FileRecord, ...]:
    """Write one file per table of a part under `folder`; same rows, same bytes, in any process.

    `tables` have the logical schemas of schemas.TABLES. Rows are sorted by their key where they
    are not (a reader's must be already); main tables that are missing get a file without rows.
    Each file appears whole, by a rename, so a retried or doubled attempt ends the same. Raises
    Abandoned when the run is over.
    """
    records = []
    for name in sorted({*MAIN_TABLES, *tables}, key=table_order):
        declared = TABLES[name]
        path = table_path(name, part.dataset, part.split, part.number)
        schema = footer_schema(
            declared.file_schema, name, {"dataset": part.dataset, "split": part.split}
        )
        with TableFile(folder, path, name, schema, part=part.name) as file:
            for rows in _checked(tables.get(name, declared.schema.empty_table()), part, name):
                file.add(rows)
        records.append(file.record)
    return tuple(records)


def _checked(rows: Rows, part: PartName, table: str) -> Iterator[pa.Table]:
    """Rows as tables: those of a reader as they stream, others at once and sorted by their key."""
    whole = not isinstance(rows, pa.RecordBatchReader)
    together = [pa.Table.from_batches(batches_of(rows), rows.schema)] if whole else None
    for some in together or (pa.Table.from_batches([batch]) for batch in batches_of(rows)):
        for column, word in (("dataset", part.dataset), ("split", part.split)):
            if strangers := set(pc.unique(some[column]).to_pylist()) - {word}:
                raise ValueError(f"{table} of part {part.name} has rows with {column} {strangers}")
        yield sorted_by_key(some, TABLES[table].key) if whole else some


_PICTURE_FEATURES = json.dumps(
    {
        "info": {
            "features": {
                "image_id": {"dtype": "int64", "_type": "Value"},
                "image": {"_type": "Image"},
            }
        }
    }
)
"""What Hugging Face `datasets` puts into footers, so that it decodes pictures as it loads them."""


def footer_schema(schema: pa.Schema, table: str, partition: Mapping[str, str]) -> pa.Schema:
    """The schema with what a lone file should say of itself; nothing of time, path or carrier."""
    said = {**partition, "table": table, "schema_version": str(SCHEMA_VERSION)}
    if table == "pictures":
        said["huggingface"] = _PICTURE_FEATURES
    return schema.with_metadata(said)


def sorted_by_key(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Rows in the order of their integer key columns; untouched when they already are."""
    columns = [name for name in key if pa.types.is_integer(rows.schema.field(name).type)]
    if rows.num_rows < 2 or not columns or rows.schema.field(columns[0]).nullable:
        return rows
    tied = np.ones(rows.num_rows - 1, dtype=bool)
    for name in columns:
        values = rows[name].to_numpy()
        if np.any(tied & (values[:-1] > values[1:])):
            return rows.sort_by([(name, "ascending") for name in columns])
        tied &= values[:-1] == values[1:]
    return rows

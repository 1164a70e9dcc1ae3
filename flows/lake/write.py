"""Rows of a part, or rows that SQL derived -> the Parquet files of a release."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from itertools import chain, groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.lake.plan import Part
from flows.lake.table_file import Rows, TableFile, pieces_of, table_file
from flows.release.manifest import KEPT_RESULTS, STATISTICS, FileRecord, table_order
from schemas import TABLES
from schemas.table import SCHEMA_VERSION

MAIN_TABLES = ("images", "items", "landmarks", "polygons", "rejections")
"""Every part has a file of these, if need be without rows, so that every glob matches a file."""

PART_COUNTS = f"{KEPT_RESULTS}part_counts"
"""What each part adds to the verdicts of checks; the next release takes it for unchanged parts."""

_WORD = re.compile(r"[a-z0-9][a-z0-9_-]*")

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


def write_part(
    folder: Path, part: Part, steps: Iterable[Mapping[str, Rows]]
) -> tuple[FileRecord, ...]:
    """Write one file per table of a part under `folder`; same rows, same bytes, in any process.

    Each step has tables with the logical schemas of schemas.TABLES, and its rows follow those of
    the step before. A table or batch is sorted by its key; the rows of a reader must be sorted
    already. Missing main tables get a file without rows. Each file appears whole, by a rename, so a
    part that is written twice ends the same. FileNotFoundError when `folder` does not exist, which
    means that its run is over.
    """
    files: dict[str, TableFile] = {}
    with ExitStack() as stack:
        for tables in chain(steps, [dict.fromkeys(MAIN_TABLES)]):
            for name in sorted(tables, key=table_order):
                if name not in files:
                    partition = _partition_file(folder, name, (part.dataset, part.split), part)
                    files[name] = stack.enter_context(partition)
                rows = tables[name]
                if rows is None:
                    continue
                for piece in _require_rows_of(part, name, pieces_of(rows)):
                    is_sorted = isinstance(rows, pa.RecordBatchReader)
                    files[name].add(piece if is_sorted else _sorted_by_key(piece, TABLES[name].key))
    return tuple(files[name].record for name in sorted(files, key=table_order))


def write_derived(
    folder: Path,
    name: str,
    rows: Rows,
    *,
    splits: Iterable[tuple[str, str]] = (),
    number: int = 0,
) -> list[FileRecord]:
    """Write a derived table under `folder`, in bounded memory when `rows` is a reader.

    A declared table takes its declared columns; batches of a partitioned one come sorted by data
    set and split (else ValueError), and each of `splits` gets a file, if need be without rows.
    `number` is that of the part files: a table may be written in several calls.
    `statistics/<name>` and PART_COUNTS take the columns as they come.
    """
    if name in TABLES and TABLES[name].partition_by:
        records = {}
        for split, pieces in groupby(_pieces_by_split(rows), lambda piece: piece[0]):
            if split in records:
                raise ValueError(f"rows of {name} are not sorted by data set and split")
            with _partition_file(folder, name, split, number=number) as file:
                for _, piece in pieces:
                    file.add(piece)
            records[split] = file.record
        for split in sorted(set(splits) - records.keys()):
            with _partition_file(folder, name, split, number=number) as file:
                pass
            records[split] = file.record
        return list(records.values())
    if name in TABLES:
        schema = TABLES[name].file_schema
    elif name.startswith(STATISTICS) or name == PART_COUNTS:
        schema = pa.schema([_portable(field) for field in rows.schema])
    else:
        raise ValueError(f"{name!r} is neither a declared table nor {STATISTICS}<name>")
    schema = _with_metadata(schema, name, {})
    with table_file(folder, f"{name}.parquet", name, schema) as file:
        for piece in pieces_of(rows):
            file.add(piece)
    return [file.record]


def _partition_file(
    folder: Path,
    table: str,
    partition: tuple[str, str],
    part: Part | None = None,
    number: int = 0,
) -> AbstractContextManager[TableFile]:
    """One file of a partitioned table, in Hive's folder convention."""
    for word in partition:
        if not _WORD.fullmatch(word):
            raise ValueError(
                f"{word!r} cannot name a partition: lowercase letters, digits, - and _"
            )
    dataset, split = partition
    number, name = (part.number, part.name) if part else (number, None)
    path = f"{table}/dataset={dataset}/split={split}/part-{number:05d}.parquet"
    schema = _with_metadata(TABLES[table].file_schema, table, {"dataset": dataset, "split": split})
    return table_file(folder, path, table, schema, part=name)


def _with_metadata(schema: pa.Schema, table: str, partition: Mapping[str, str]) -> pa.Schema:
    """The schema with what a single file should say of itself; no time, path or container."""
    metadata = {**partition, "table": table, "schema_version": str(SCHEMA_VERSION)}
    if table == "pictures":
        metadata["huggingface"] = _PICTURE_FEATURES
    return schema.with_metadata(metadata)


def _require_rows_of(part: Part, table: str, pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    for rows in pieces:
        for column, word in (("dataset", part.dataset), ("split", part.split)):
            if others := set(pc.unique(rows[column]).to_pylist()) - {word}:
                raise ValueError(f"{table} of part {part.name} has rows with {column} {others}")
        yield rows


def _sorted_by_key(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Rows in the order of their integer key columns; as they are when the first may be null."""
    columns = [name for name in key if pa.types.is_integer(rows.schema.field(name).type)]
    if not columns or rows.schema.field(columns[0]).nullable:
        return rows
    return rows.sort_by([(name, "ascending") for name in columns])


def _pieces_by_split(rows: Rows) -> Iterator[tuple[tuple[str, str], pa.Table]]:
    """Rows by (dataset, split), the splits of each piece in the order of their first row."""
    for piece in pieces_of(rows):
        keys = piece.select(["dataset", "split"]).group_by(["dataset", "split"], use_threads=False)
        for key in keys.aggregate([]).to_pylist():
            rows_of_dataset = pc.equal(piece["dataset"], key["dataset"])
            rows_of_split = pc.equal(piece["split"], key["split"])
            yield (
                (key["dataset"], key["split"]),
                piece.filter(pc.and_(rows_of_dataset, rows_of_split)),
            )


def _portable(field: pa.Field) -> pa.Field:
    """A field as every reader knows it: engines have several types for text."""
    if pa.types.is_large_string(field.type) or pa.types.is_string_view(field.type):
        return field.with_type(pa.string())
    return field

"""Rows -> one Parquet file, whole or not at all; the same rows make the same bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from flows.release.manifest import FileRecord
from flows.storage.atomic import atomic_write
from schemas import TABLES

# Rows per row group: what reads one row or streams batches fastest is small for wide tables.
ROW_GROUP = {
    "images": 16_384,
    "items": 16_384,
    "landmarks": 131_072,
    "polygons": 65_536,
    "pairs": 131_072,
    "triplets": 131_072,
    "pictures": 100,
}
DEFAULT_ROW_GROUP = 65_536
MAX_PICTURE_GROUP_BYTES = 64 << 20
"""Bytes of pictures after which their row group ends early, so that memory stays bounded."""

Rows: TypeAlias = pa.Table | pa.RecordBatch | pa.RecordBatchReader


def pieces_of(rows: Rows) -> Iterator[pa.Table]:
    """Rows as tables: those of a reader batch by batch, others at once."""
    if isinstance(rows, pa.RecordBatchReader):
        yield from (pa.Table.from_batches([batch]) for batch in rows)
    else:
        yield pa.table(rows) if isinstance(rows, pa.RecordBatch) else rows


def write_file(
    folder: Path,
    path: str,
    table: str,
    schema: pa.Schema,
    pieces: Iterable[pa.Table],
    *,
    part: str | None = None,
) -> FileRecord:
    """Write `folder / path` from pieces of any size, in bounded memory; what the file holds.

    Pieces have at least the columns of `schema`. The bytes depend on rows and schema alone: row
    groups end at fixed rows, however the rows arrive. ValueError for rows that do not fit the
    schema; FileNotFoundError when `folder` does not exist, which means that its run is over.
    """
    target, rows, size = folder / path, 0, ROW_GROUP.get(table, DEFAULT_ROW_GROUP)
    # Never `folder` itself: a worker that outlived its run must not make the folder again.
    above = takewhile(lambda parent: parent != folder, target.parents)
    for parent in reversed(list(above)):
        parent.mkdir(exist_ok=True)
    with atomic_write(target) as file:
        with pq.ParquetWriter(file, schema, **_encoding(table, schema)) as writer:
            for group in _row_groups(pieces, table, schema, size):
                # Chunk boundaries would move page boundaries, so each group is one chunk.
                writer.write_table(group.combine_chunks(), row_group_size=size)
                rows += group.num_rows
        file.flush()
        with Path(file.name).open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
            length = written.tell()
    return FileRecord(path, table, rows, length, sha256, part)


def _row_groups(
    pieces: Iterable[pa.Table], table: str, schema: pa.Schema, size: int
) -> Iterator[pa.Table]:
    pending = schema.empty_table()
    for piece in pieces:
        pending = pa.concat_tables([pending, _conform(piece, schema, table)])
        while pending.num_rows >= size:
            yield pending.slice(0, size)
            pending = pending.slice(size)
        if table == "pictures" and pending.nbytes >= MAX_PICTURE_GROUP_BYTES:
            yield pending
            pending = schema.empty_table()
    if pending.num_rows:
        yield pending


def _conform(rows: pa.Table, schema: pa.Schema, table: str) -> pa.Table:
    """Exactly the columns of `schema`, cast without loss; ValueError says what does not fit."""
    if missing := set(schema.names) - set(rows.column_names):
        raise ValueError(f"table {table} lacks the columns {sorted(missing)}")
    rows = rows.select(schema.names)
    for field, column in zip(schema, rows.columns, strict=True):
        # Arrow lets nulls into columns declared without; the Parquet writer then refuses late.
        if not field.nullable and column.null_count:
            raise ValueError(f"table {table}: column {field.name} has {column.null_count} nulls")
    return rows.cast(schema)


def _encoding(table: str, schema: pa.Schema) -> dict[str, object]:
    """Writer options of a table; pictures are compressed already and stay as they are."""
    options: dict[str, object] = {
        "version": "2.6",
        "compression": "zstd",
        "write_statistics": True,
        "write_page_index": True,
        "use_dictionary": True,
    }
    if table == "pictures":
        options["compression"] = {"image_id": "zstd", "image.bytes": "none", "image.path": "zstd"}
        options["use_dictionary"] = False
        options["write_statistics"] = ["image_id"]
    if "image_id" in schema.names and table in TABLES and not schema.field("image_id").nullable:
        keys = [(name, "ascending") for name in TABLES[table].key if name in schema.names]
        options["sorting_columns"] = pq.SortingColumn.from_ordering(schema, keys)
    return options

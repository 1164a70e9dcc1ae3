"""Rows -> one Parquet file, whole or not at all; the same rows make the same bytes."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
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


class TableFile:
    """A Parquet file that is being written; `record` says what it holds once it is complete."""

    record: FileRecord

    def __init__(self, writer: pq.ParquetWriter, table: str, schema: pa.Schema) -> None:
        self._writer = writer
        self._table = table
        self._schema = schema
        self._size = ROW_GROUP.get(table, DEFAULT_ROW_GROUP)
        self._pending = schema.empty_table()
        self.rows = 0

    def add(self, piece: pa.Table) -> None:
        """Add rows with at least the columns of the schema; ValueError for those that do not fit.

        Row groups end at fixed rows, however the rows arrive.
        """
        self._pending = pa.concat_tables(
            [self._pending, _conform(piece, self._schema, self._table)]
        )
        while self._pending.num_rows >= self._size:
            rest = self._pending.slice(self._size)
            self._pending = self._pending.slice(0, self._size)
            self.flush()
            self._pending = rest
        if self._table == "pictures" and self._pending.nbytes >= MAX_PICTURE_GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait, if any, as a row group."""
        if self._pending.num_rows:
            # Chunk boundaries would move page boundaries, so each group is one chunk.
            self._writer.write_table(self._pending.combine_chunks(), row_group_size=self._size)
            self.rows += self._pending.num_rows
            self._pending = self._schema.empty_table()


@contextmanager
def table_file(
    folder: Path, path: str, table: str, schema: pa.Schema, *, part: str | None = None
) -> Iterator[TableFile]:
    """A file at `folder / path` to add rows to, in bounded memory.

    It appears when the block ends without an exception. Its bytes depend on rows and schema alone.
    FileNotFoundError when `folder` does not exist, which means that its run is over.
    """
    target = folder / path
    # Never `folder` itself: a worker that outlived its run must not make the folder again.
    above = takewhile(lambda parent: parent != folder, target.parents)
    for parent in reversed(list(above)):
        parent.mkdir(exist_ok=True)
    with atomic_write(target) as file:
        with pq.ParquetWriter(file, schema, **_encoding(table, schema)) as writer:
            rows = TableFile(writer, table, schema)
            yield rows
            rows.flush()
        file.flush()
        with Path(file.name).open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
            length = written.tell()
        rows.record = FileRecord(path, table, rows.rows, length, sha256, part)


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

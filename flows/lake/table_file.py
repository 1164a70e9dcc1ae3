"""One Parquet file in the making: whole or not at all, with the same bytes for the same rows."""

import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from flows.lake.lock import require_claim
from flows.release.manifest import FileRecord
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
ROW_GROUP_OTHERWISE = 65_536
LARGEST_PICTURE_GROUP = 64 << 20
"""Bytes of pictures after which their row group ends early, so that memory stays bounded."""

Rows: TypeAlias = pa.Table | pa.RecordBatch | pa.RecordBatchReader

_serial = itertools.count()


def batches_of(rows: Rows) -> Iterator[pa.RecordBatch]:
    """Rows in whatever shape they come, a batch at a time."""
    if isinstance(rows, pa.RecordBatch):
        yield rows
    elif isinstance(rows, pa.Table):
        yield from rows.to_batches()
    else:
        yield from rows


def conform(rows: pa.Table, schema: pa.Schema, where: str) -> pa.Table:
    """Exactly the columns of `schema`, cast without loss; ValueError says what does not fit."""
    if missing := set(schema.names) - set(rows.column_names):
        raise ValueError(f"{where} lacks the columns {sorted(missing)}")
    chosen = rows.select(schema.names)
    for field, column in zip(schema, chosen.columns, strict=True):
        # Arrow lets nulls into columns declared without; the Parquet writer then refuses late.
        if not field.nullable and column.null_count:
            raise ValueError(f"{where}: column {field.name} has {column.null_count} nulls")
    return chosen.cast(schema)


class TableFile:
    """One Parquet file in the making: rows in, in chunks of any size; `record` when it is whole.

    Its bytes depend on the rows and the schema alone: row groups are cut at fixed places, however
    the rows arrive. It is written beside its place, hashed on the way, synced and renamed.
    """

    record: FileRecord

    def __init__(
        self, folder: Path, path: str, table: str, schema: pa.Schema, *, part: str | None = None
    ) -> None:
        require_claim(folder)
        self._folder, self._path, self._table, self._part = folder, path, table, part
        self._schema = schema
        self._group = ROW_GROUP.get(table, ROW_GROUP_OTHERWISE)
        self._rows = 0
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        target = folder / path
        make_folders(folder, target.parent)
        self._aside = target.with_name(f".{target.name}.{os.getpid()}-{next(_serial)}")
        self._sink = _HashingFile(self._aside)
        self._writer = pq.ParquetWriter(self._sink, schema, **_encoding(table, schema))

    def __enter__(self) -> Self:
        return self

    def add(self, rows: pa.Table) -> None:
        """Append rows that have at least the columns of the schema."""
        rows = conform(rows, self._schema, f"table {self._table}")
        self._rows += rows.num_rows
        self._pending.append(rows)
        self._pending_rows += rows.num_rows
        if self._pending_rows >= self._group:
            whole = pa.concat_tables(self._pending)
            full = whole.num_rows - whole.num_rows % self._group
            for start in range(0, full, self._group):
                self._write(whole.slice(start, self._group))
            self._pending = [whole.slice(full)]
            self._pending_rows = whole.num_rows - full
        pending_bytes = sum(rows.nbytes for rows in self._pending)
        if self._table == "pictures" and pending_bytes >= LARGEST_PICTURE_GROUP:
            self._write(pa.concat_tables(self._pending))
            self._pending, self._pending_rows = [], 0

    def _write(self, group: pa.Table) -> None:
        # Chunk boundaries would move page boundaries, so each group is one chunk.
        self._writer.write_table(group.combine_chunks(), row_group_size=self._group)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                if self._pending_rows:
                    self._write(pa.concat_tables(self._pending))
                self._writer.close()
                self._finish()
        finally:
            self._sink.discard = True
            self._writer.close()  # else its finalizer writes a footer at some later time
            self._sink.close()
            self._aside.unlink(missing_ok=True)

    def _finish(self) -> None:
        self._sink.sync()
        require_claim(self._folder)
        self._aside.replace(self._folder / self._path)
        self.record = FileRecord(
            path=self._path,
            table=self._table,
            rows=self._rows,
            bytes=self._sink.tell(),
            sha256=self._sink.hexdigest(),
            part=self._part,
        )


def make_folders(folder: Path, below: Path) -> None:
    """Make the folders from `folder` down to `below`, but never `folder` itself.

    A worker whose run was cleaned away must fail here instead of raising the folder again.
    """
    missing = [below, *itertools.takewhile(lambda above: above != folder, below.parents)]
    for level in reversed(missing):
        level.mkdir(exist_ok=True)


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
    if table in TABLES and "image_id" in schema.names:
        order = [(n, "ascending") for n in TABLES[table].key if n in schema.names]
        if not schema.field("image_id").nullable:
            options["sorting_columns"] = pq.SortingColumn.from_ordering(schema, order)
    return options


class _HashingFile:
    """What ParquetWriter needs of a file, hashing what passes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._hash = hashlib.sha256()
        self.discard = False

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, data: bytes) -> int:
        if self.discard:
            return len(data)
        self._hash.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def close(self) -> None:
        self._file.close()

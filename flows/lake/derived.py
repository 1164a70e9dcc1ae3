"""Tables that SQL made of a release's own rows -> their files: pairs, triplets, statistics."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.lake.table_file import Rows, TableFile, batches_of
from flows.lake.write import footer_schema, table_path
from flows.release.manifest import FileRecord
from schemas import TABLES

STATISTICS = "statistics/"

SplitName = tuple[str, str]


def write_derived(
    folder: Path, name: str, rows: Rows, *, splits: Iterable[SplitName] = (), number: int = 0
) -> list[FileRecord]:
    """Write a derived table under `folder`, in bounded memory when `rows` is a reader.

    A declared table takes its declared columns; rows of a partitioned one come sorted by data set
    and split, and every one of `splits` gets a file, if without rows, so that a glob finds one.
    `number` is that of the part files: a table may be written in several calls.
    `statistics/<name>` takes the columns as they come.
    """
    if name in TABLES and TABLES[name].partition_by:
        return list(_write_partitions(folder, name, rows, splits, number))
    if name in TABLES:
        schema = TABLES[name].file_schema
    elif name.startswith(STATISTICS):
        schema = pa.schema([_plain(field) for field in rows.schema])
    else:
        raise ValueError(f"{name!r} is neither a declared table nor {STATISTICS}<name>")
    with TableFile(folder, f"{name}.parquet", name, footer_schema(schema, name, {})) as file:
        for batch in batches_of(rows):
            file.add(pa.Table.from_batches([batch]))
    return [file.record]


def _plain(field: pa.Field) -> pa.Field:
    """A field as every reader knows it: engines have several types for text."""
    if pa.types.is_large_string(field.type) or pa.types.is_string_view(field.type):
        return field.with_type(pa.string())
    return field


def _write_partitions(
    folder: Path, name: str, rows: Rows, splits: Iterable[SplitName], number: int
) -> Iterator[FileRecord]:
    written: set[SplitName] = set()
    with ExitStack() as stack:
        file: TableFile | None = None
        of: SplitName | None = None
        for split, piece in _runs(rows):
            if split != of:
                stack.close()
                if file is not None:
                    yield file.record
                if split in written:
                    raise ValueError(f"rows of {name} are not sorted by data set and split")
                file, of = stack.enter_context(_partition(folder, name, split, number)), split
                written.add(split)
            if file is not None:
                file.add(piece)
        stack.close()
        if file is not None:
            yield file.record
    for split in sorted(set(splits) - written):
        with _partition(folder, name, split, number) as empty:
            pass
        yield empty.record


def _partition(folder: Path, name: str, split: SplitName, number: int) -> TableFile:
    partition = {"dataset": split[0], "split": split[1]}
    schema = footer_schema(TABLES[name].file_schema, name, partition)
    return TableFile(folder, table_path(name, *split, number), name, schema)


def _runs(rows: Rows) -> Iterator[tuple[SplitName, pa.Table]]:
    """Consecutive rows of one data set and split, at most a batch at a time."""
    for batch in batches_of(rows):
        if not batch.num_rows:
            continue
        changes = np.zeros(batch.num_rows - 1, dtype=bool)
        for column in ("dataset", "split"):
            codes = pc.dictionary_encode(batch[column]).indices.to_numpy()
            changes |= np.diff(codes) != 0
        starts = [0, *(np.flatnonzero(changes) + 1).tolist(), batch.num_rows]
        for start, end in pairwise(starts):
            piece = pa.Table.from_batches([batch.slice(start, end - start)])
            yield (piece["dataset"][0].as_py(), piece["split"][0].as_py()), piece

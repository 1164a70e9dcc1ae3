"""Members of the parts of a plan: arranged rows in any order come in, complete parts go out.

Rows pass through files, so that memory does not grow with the source: buckets while they are
gathered, and a file with a batch for each part that workers read.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.source import ARRANGED

BUCKET_ROWS = 1 << 19
"""Rows of a bucket, about; they take 60 MB, and their order takes twice that for a moment."""

MOST_BUCKETS = 256
"""Files that are open together; above 1.3 x 10^8 rows, buckets become larger."""

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


def gather_parts(
    arranged: Iterable[pa.Table], folder: Path, *, rows: int, numbers: int
) -> Iterator[pa.Table]:
    """The rows of ARRANGED again, every part whole and in the order of `in_order` in one table.

    `rows` is about how many there are; a part consists of so many consecutive `numbers`.
    """
    paths = [
        folder / f"bucket-{number}" for number in range(min(MOST_BUCKETS, 1 + rows // BUCKET_ROWS))
    ]
    with ExitStack() as stack:
        files = [
            stack.enter_context(pa.ipc.new_stream(path, ARRANGED, options=_COMPRESSED))
            for path in paths
        ]
        for table in arranged:
            bucket = table["part"].to_numpy() // numbers % len(files)
            order = np.argsort(bucket, kind="stable")
            ends = np.cumsum(np.bincount(bucket, minlength=len(files)))
            grouped = table.take(pa.array(order)).combine_chunks()
            for file, start, end in zip(files, [0, *ends[:-1]], ends, strict=True):
                if end > start:
                    file.write_table(grouped.slice(start, end - start))
    for path in paths:
        with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as batches:
            table = batches.read_all()
        path.unlink()
        if len(table):
            yield in_order(table)


def in_order(rows: pa.Table) -> pa.Table:
    """Rows of ARRANGED by split, part, role, image_id and name, those without image_id last.

    Of several documents or pictures of one image the first by name stays, the others become
    `unexpected`.
    """
    rows = rows.combine_chunks()
    number = rows["image_id"].fill_null(np.iinfo(np.int64).max).to_numpy()
    keys = [_ranks(rows["split"]), rows["part"].to_numpy(), _ranks(rows["role"]), number]
    order = np.lexsort(keys[::-1])
    equals_next = np.ones(max(len(rows) - 1, 0), bool)
    for key in keys:
        equals_next &= np.diff(key[order]) == 0
    if not equals_next.any():
        return rows.take(pa.array(order))

    # Names decide among rows that are equal so far, which are few: names take long to sort.
    is_tied = np.concatenate([equals_next, [False]]) | np.concatenate([[False], equals_next])
    tied = np.flatnonzero(is_tied)
    group = np.cumsum(np.concatenate([[True], ~equals_next]))[tied]
    by_name = pc.sort_indices(rows["name"].take(pa.array(order[tied]))).to_numpy()
    place = np.empty_like(by_name)
    place[by_name] = np.arange(len(by_name))
    order[tied] = order[tied][np.lexsort([place, group])]
    rows = rows.take(pa.array(order))

    is_second = pa.array(np.concatenate([[False], equals_next]))
    has_own = pc.is_in(rows["role"], pa.array(["document", "picture"]))
    is_second = pc.and_(pc.and_(is_second, has_own), rows["image_id"].is_valid())
    if not pc.any(is_second).as_py():
        return rows
    role = pc.if_else(is_second, "unexpected", rows["role"])
    return in_order(rows.set_column(rows.column_names.index("role"), ARRANGED.field("role"), role))


def _ranks(words: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """The place of each word in the sorted list of all."""
    encoded = words.combine_chunks().dictionary_encode()
    place_of_code = np.argsort(np.argsort(encoded.dictionary.to_pylist()))
    return place_of_code[encoded.indices.to_numpy()]


class MembersFile:
    """Members of parts in a file, a batch for each part. The file exists once a part is added."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._count = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def add(self, members: pa.Table) -> int:
        """Write the rows of a part and return the number of its batch."""
        if not self._count:
            file = pa.ipc.new_file(self.path, ARRANGED, options=_COMPRESSED)
            self._file = self._open.enter_context(file)
        (batch,) = members.combine_chunks().to_batches()
        self._file.write_batch(batch)
        self._count += 1
        return self._count - 1


def read_members_of_part(path: Path, batch: int) -> pa.Table:
    """The rows of a part that MembersFile has written."""
    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as file:
        return pa.Table.from_batches([file.get_batch(batch)])

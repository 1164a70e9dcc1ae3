"""Rows of many Parquet files as one sequence, read a row group at a time."""

import hashlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.release import require_readable

HELD_BYTES = 256 << 20
"""What fits into this stays in memory whole, in each process: all of Fashion-MNIST does."""

LANES = 16
"""Row groups that an order mixes at any time; about 13 MB each for JPEGs as they come."""


class RowGroups:
    """Row groups by row; about `held` stay in memory, unless all together are small.

    A group leaves when each of its rows was taken or when it was not used for the longest time.
    Files are opened for each group that is read, so that a forked worker shares none. `digest`
    names the contents as far as the footers tell them.
    """

    def __init__(self, files: list[Path], columns: list[str] | None, held: int = LANES) -> None:
        self._files, self._columns = files, columns
        self._held = held + held // 4 + 1  # threads that run ahead open a lane's next group early
        sizes, self._owners, self.bytes = [], [], 0
        digest = hashlib.sha256()
        for number, file in enumerate(files):
            with require_readable(file):
                metadata = pq.read_metadata(file)
            if number == 0:
                self.schema: pa.Schema = metadata.schema.to_arrow_schema()
            for group in range(metadata.num_row_groups):
                row_group = metadata.row_group(group)
                sizes.append(row_group.num_rows)
                self._owners.append((number, group))
                self.bytes += row_group.total_byte_size
                digest.update(f"{row_group.num_rows} {row_group.total_byte_size}\n".encode())
        self.digest = digest.digest()
        self.sizes = np.array(sizes, np.int64)
        self._ends = np.cumsum(self.sizes)
        self.starts = self._ends - self.sizes
        self._all_fit = self.bytes <= HELD_BYTES
        self._kept: OrderedDict[int, pa.Table] = OrderedDict()
        self._taken: dict[int, int] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return int(self.sizes.sum())

    def at(self, row: int) -> tuple[pa.Table, int]:
        """The row group that holds a row, and the row's place in it."""
        group = int(np.searchsorted(self._ends, row, side="right"))
        # The lock is held while reading: threads want the same group at the same time.
        with self._lock:
            table = self._kept.get(group)
            if table is None:
                table = self._kept[group] = self._read(group)
                self._taken[group] = 0
            if not self._all_fit:
                self._make_room(group)
        return table, row - int(self.starts[group])

    def _make_room(self, group: int) -> None:
        self._kept.move_to_end(group)
        self._taken[group] += 1
        if self._taken[group] == self.sizes[group]:
            del self._kept[group]
        elif len(self._kept) > self._held:
            self._kept.popitem(last=False)

    def _read(self, group: int) -> pa.Table:
        number, inner = self._owners[group]
        file = self._files[number]
        with require_readable(file), pq.ParquetFile(file, memory_map=True) as parquet:
            table = parquet.read_row_group(inner, columns=self._columns, use_threads=False)
            return table.combine_chunks()

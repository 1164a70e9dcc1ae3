"""Rows of many Parquet files as one sequence, read a row group at a time."""

from collections import OrderedDict
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.release import arrow_input, require_readable
from flows.storage.place import Place

HELD_BYTES = 256 << 20
"""What fits into this stays in memory whole, in each process: all of Fashion-MNIST does."""

LANES = 16
"""Row groups that an order mixes at any time; about 13 MB each for JPEGs as they come."""

_HELD = LANES + LANES // 4 + 1
"""Row groups in memory: threads that run ahead open a lane's next group early."""


class RowGroups:
    """Values of a column by row; some row groups stay in memory, or all of them if they are small.

    A group leaves when each of its rows was taken or when it was not used for the longest time.
    Files are opened for each group that is read, so that a forked worker shares none.
    """

    def __init__(self, files: list[Place], column: str) -> None:
        self._column = column
        sizes, self._owners, self.bytes = [], [], 0
        for file in files:
            with require_readable(file):
                metadata = pq.read_metadata(arrow_input(file))
            for group in range(metadata.num_row_groups):
                row_group = metadata.row_group(group)
                sizes.append(row_group.num_rows)
                self._owners.append((file, group))
                self.bytes += row_group.total_byte_size
        self.sizes = np.array(sizes, np.int64)
        self._ends = np.cumsum(self.sizes)
        self.starts = self._ends - self.sizes
        self._kept: OrderedDict[int, pa.Array] = OrderedDict()
        self._taken: dict[int, int] = {}
        self._lock = Lock()

    def at(self, row: int) -> tuple[pa.Array, int]:
        """The values of the row group that holds a row, and the row's place in it."""
        group = int(np.searchsorted(self._ends, row, side="right"))
        # The lock is held while reading: threads want the same group at the same time.
        with self._lock:
            values = self._kept.get(group)
            if values is None:
                values = self._kept[group] = self._read(group)
                self._taken[group] = 0
            if self.bytes > HELD_BYTES:
                self._make_room(group)
        return values, row - int(self.starts[group])

    def _make_room(self, group: int) -> None:
        self._kept.move_to_end(group)
        self._taken[group] += 1
        if self._taken[group] == self.sizes[group]:
            del self._kept[group]
        elif len(self._kept) > _HELD:
            self._kept.popitem(last=False)

    def _read(self, group: int) -> pa.Array:
        file, number = self._owners[group]
        with require_readable(file), pq.ParquetFile(arrow_input(file), memory_map=True) as parquet:
            table = parquet.read_row_group(number, columns=[self._column], use_threads=False)
            return table[self._column].combine_chunks()

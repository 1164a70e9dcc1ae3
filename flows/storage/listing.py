"""A listing in a file: tables of members come in once, and can be read again in bounded memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from schemas.source import MEMBERS

ROWS = 65_536
"""Rows that are read at a time."""


class Listing:
    """The members of a source (schemas.source.MEMBERS) in a file; iteration reads them in order.

    `num_rows` is their number.
    """

    def __init__(self, path: Path, tables: Iterable[pa.Table]) -> None:
        """Write the tables to a new file at `path`, as they come."""
        self._path = path
        self.num_rows = 0
        packed = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(path, MEMBERS, options=packed) as file:
            for table in tables:
                self.num_rows += table.num_rows
                file.write_table(table.combine_chunks(), max_chunksize=ROWS)

    def __iter__(self) -> Iterator[pa.Table]:
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as batches:
            for batch in batches:
                yield pa.Table.from_batches([batch])

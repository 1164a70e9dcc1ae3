"""Files of parts before and after a change -> the columns in which their rows may differ, by table.

Equal rows have equal bytes in files of one version: so columns are compared as they were written,
without decoding them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from flows.release.manifest import FileRecord
from flows.release.release_file import arrow_input
from flows.storage.place import Place, open_bytes
from schemas import TABLES

if TYPE_CHECKING:
    from pyarrow.parquet import RowGroupMetaData

PlacedFiles = Iterable[tuple[FileRecord, Place]]
"""Files of parts, and where each can be read."""


def changed_columns(before: PlacedFiles, after: PlacedFiles) -> Mapping[str, set[str]]:
    """Names of columns by table; all of a table, also the partition's, where rows come or go."""
    sides = [{record.path: (record, place) for record, place in side} for side in (before, after)]
    changed: dict[str, set[str]] = defaultdict(set)
    for path in sides[0].keys() | sides[1].keys():
        files = [side[path] for side in sides if path in side]
        records = [record for record, _ in files]
        table = TABLES[records[0].table]
        if len({record.rows for record in records}) > 1 or len(records) == 1:
            changed[table.name] |= {*table.schema.names}
        elif records[0].sha256 != records[1].sha256:
            changed[table.name] |= _different_columns(*(place for _, place in files))
    return changed


def _different_columns(before: Place, after: Place) -> set[str]:
    """Columns of two files whose bytes differ; reads those of equal size, a row group at once."""
    import pyarrow.parquet as pq

    footers = [pq.read_metadata(arrow_input(place)) for place in (before, after)]
    groups = [[footer.row_group(n) for n in range(footer.num_row_groups)] for footer in footers]
    if len({tuple(group.num_rows for group in side) for side in groups}) > 1:
        return {column.name for column in footers[0].schema.to_arrow_schema()}
    names: set[str] = set()
    with ExitStack() as opened:
        files = [opened.enter_context(closing(open_bytes(place))) for place in (before, after)]
        for pair in zip(*groups, strict=True):
            chunks = [_chunks(group) for group in pair]
            equal = [column for column in chunks[0] if chunks[0][column][1] == chunks[1][column][1]]
            names |= chunks[0].keys() - equal
            ranges = [zip(*(side[column] for column in equal), strict=True) for side in chunks]
            contents = (file.read_ranges(*part) for file, part in zip(files, ranges, strict=True))
            compared = zip(equal, *contents, strict=True)
            names |= {column for column, old, new in compared if old != new}
    return {name.partition(".")[0] for name in names}


def _chunks(group: "RowGroupMetaData") -> dict[str, tuple[int, int]]:
    """Start and size of the bytes of each column of a row group; nested ones are `points.list`."""
    columns = map(group.column, range(group.num_columns))
    return {
        column.path_in_schema: (
            min(column.dictionary_page_offset or column.data_page_offset, column.data_page_offset),
            column.total_compressed_size,
        )
        for column in columns
    }

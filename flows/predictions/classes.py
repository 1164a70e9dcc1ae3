"""Predicted categories of pictures: CSV or Parquet files of image_id and category."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.predictions import PREDICTED_CLASSES


def read_classes(paths: Sequence[Path]) -> pa.Table:
    """The rows of PREDICTED_CLASSES of these files. Raises InputError for bad rows."""
    tables = [pq.read_table(path, columns=["image_id", "category_id"]) for path in paths]
    rows = pa.concat_tables(tables)
    rows = rows.add_column(0, "row", pa.array(range(1, len(rows) + 1), pa.int64()))
    return rows.cast(PREDICTED_CLASSES.schema)

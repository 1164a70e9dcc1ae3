"""Rows of an exported training set, read with pyarrow and Pillow alone."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image


def read_shards(folder: Path, split: str) -> list[dict[str, Any]]:
    """The rows of all shards in order; `image` is the decoded picture as an array."""
    rows = []
    for file in sorted((folder / "data").glob(f"{split}-*.parquet")):
        for row in pq.read_table(file).to_pylist():
            image = Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
            rows.append({**row, "image": np.array(image)})
    return rows

"""Records of COCO results, valid unless changed, and files of them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flows.predictions import read_boxes
from schemas.errors import InputError

IMAGES = pa.table(
    {
        "image_id": pa.array([1, 2, 7], pa.int64()),
        "width": pa.array([30, 64, None], pa.int32()),
        "height": pa.array([20, 80, None], pa.int32()),
    }
)
POINTS = [float(number) for number in range(24)]
SQUARE = [2.0, 2.0, 12.0, 2.0, 12.0, 12.0, 2.0, 12.0]
RUNS = {"size": [20, 30], "counts": [40, 10, 550]}


def box(**changes: Any) -> dict[str, Any]:
    """A skirt's box."""
    return record(bbox=[1.5, 2, 30, 40.25]) | changes


def record(**changes: Any) -> dict[str, Any]:
    """A record without a geometry."""
    return {"image_id": 1, "category_id": 9, "score": 0.5} | changes


def skirt(**changes: Any) -> dict[str, Any]:
    """A skirt's eight landmarks."""
    return record(keypoints=POINTS) | changes


def mask(segmentation: Any = RUNS, **changes: Any) -> dict[str, Any]:
    """A skirt's mask, in image 1 of 30 x 20 pixels."""
    return record(segmentation=segmentation, **changes)


def written(folder: Path, content: Any, name: str = "results.json") -> Path:
    """A file of these bytes, or of this value as JSON."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def table(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """All rows of a reader."""
    return pa.Table.from_batches(list(batches))


def refusal(folder: Path, content: Any, reader: Any = read_boxes) -> str:
    """The sentence for a file with that content, without the name of the file."""
    path = written(folder, content)
    with pytest.raises(InputError) as error:
        list(reader([path], IMAGES))
    text = str(error.value)
    assert text.startswith((f"{path}: ", f"{path} cannot be read"))
    assert text.endswith(".") and "\n" not in text
    return text.removeprefix(f"{path}").lstrip(": ")

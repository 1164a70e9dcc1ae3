"""Masks of COCO results as compressed run lengths: validated, or made from numbers or polygons."""

import math
from typing import Any

import msgspec
import numpy as np

from flows.predictions.coco_records import RunLengths, Segmentation, path_and_problem
from schemas.errors import import_extra

MAX_PIXELS = 2**32 - 1
"""Run lengths have 32 bits."""

Size = tuple[int, int]
"""Height and width."""


class MaskError(ValueError):
    """A mask that is refused: its path below `segmentation`, and why."""


def compressed(value: Any, picture: Size | None) -> tuple[int, int, bytes]:
    """Height, width and compressed run lengths of a mask; polygons become their union.

    `value` is a Segmentation, or one in plain objects; `picture` is the size of the picture, None
    where unknown. Raises MaskError.
    """
    segmentation = value if isinstance(value, RunLengths) else _converted(value)
    if not isinstance(segmentation, RunLengths):
        return _union(segmentation, picture)
    height, width = segmentation.size
    if picture not in (None, segmentation.size):
        raise MaskError(f".size: {height} x {width} is not the height and width of the picture")
    if height * width > MAX_PIXELS:
        raise MaskError(f".size: {height} x {width} is more than {MAX_PIXELS:,} pixels")
    counts = segmentation.counts
    runs = run_lengths(counts) if isinstance(counts, str) else np.array(counts, np.int64)
    if runs.sum() != height * width:
        raise MaskError(f".counts: {runs.sum()} pixels in all, not {height} x {width}")
    if isinstance(counts, str):
        return height, width, counts.encode()
    numbers = {"size": [height, width], "counts": counts}
    return height, width, _hotcoco().frPyObjects(numbers, height, width)["counts"]


def _converted(value: Any) -> Segmentation:
    if isinstance(value, dict) and isinstance(value.get("counts"), bytes):
        value = value | {"counts": value["counts"].decode("latin-1")}
    try:
        return msgspec.convert(value, Segmentation)
    except msgspec.ValidationError as error:
        raise MaskError(": ".join(path_and_problem(error))) from error


def run_lengths(text: str) -> np.ndarray:
    """The run lengths in a compressed string.

    A number is five bits per character, the lowest first, with a sign; a further bit says that it
    goes on. From the fourth on it is the difference from the length two runs before.
    """
    codes = np.frombuffer(text.encode(), np.uint8).astype(np.int64) - ord("0")
    if ((codes < 0) | (codes > 63)).any():
        raise MaskError(".counts: has characters outside of compressed run lengths")
    ends = np.flatnonzero(codes < 32)
    lengths = np.diff(ends, prepend=-1)
    if not len(codes) or codes[-1] >= 32 or lengths.max() > 7:
        raise MaskError(".counts: is empty, or a number in it is cut or too long")
    starts = ends + 1 - lengths
    places = np.arange(len(codes)) - np.repeat(starts, lengths)
    runs = np.add.reduceat((codes & 31) << (5 * places), starts)
    runs -= np.where(codes[ends] & 16, 1 << (5 * lengths), 0)
    runs[1::2] = runs[1::2].cumsum()
    runs[2::2] = runs[2::2].cumsum()
    if (runs < 0).any():
        raise MaskError(".counts: has a negative run length")
    return runs


def _union(polygons: list[list[float]], picture: Size | None) -> tuple[int, int, bytes]:
    if picture is None:
        raise MaskError(": polygons need the size of the picture, which is unknown")
    if not polygons:
        raise MaskError(": has no polygon")
    for number, polygon in enumerate(polygons):
        if len(polygon) < 6 or len(polygon) % 2:
            raise MaskError(
                f"[{number}]: {len(polygon)} numbers are not x, y of three points or more"
            )
        if not all(map(math.isfinite, polygon)):
            raise MaskError(f"[{number}]: has a number that is not finite")
    masks = _hotcoco()
    union = masks.merge(masks.frPyObjects(polygons, *picture))
    return *picture, union["counts"]


def _hotcoco() -> Any:
    return import_extra("hotcoco", "evaluate", "masks need hotcoco").mask

"""Samples to batches: arrays where samples agree, lists where they differ."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np


def stack(samples: Sequence[Any]) -> Any:
    """Dictionaries of arrays, numbers and lists to one dictionary, first axis over the samples.

    Arrays of one shape become one array, numbers too; what differs in shape (the boxes of images)
    stays a list, one entry per sample. Anything that is not a dictionary is left as it is.
    """
    if not samples or not isinstance(samples[0], dict):
        return list(samples)
    return {key: _joined([sample[key] for sample in samples]) for key in samples[0]}


def in_batches(rows: Iterable[Any], size: int, *, drop_last: bool = False) -> Iterator[list[Any]]:
    """Neighbours of an order together, `size` at a time."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        if len(batch) == size or not drop_last:
            yield batch


def _joined(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, np.ndarray):
        alike = all(value.shape == first.shape for value in values)
        return np.stack(values) if alike else values
    if isinstance(first, (bool, int, float)):
        return np.array(values)
    return values

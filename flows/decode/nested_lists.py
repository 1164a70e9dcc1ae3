"""Flat values cut into Arrow lists: how every decoder nests what it has read."""

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike


def lists_of(counts: ArrayLike, values: pa.Array, type_: pa.ListType) -> pa.ListArray:
    """Values cut into lists of so many each."""
    sizes = np.asarray(counts, np.int32)
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=type_)

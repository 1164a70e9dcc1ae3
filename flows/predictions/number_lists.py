"""JSON arrays of numbers that are mostly zeros as Arrow lists."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa

_NUMBERS = msgspec.json.Decoder(list[float])


def number_lists(arrays: Sequence[bytes]) -> pa.ListArray | None:
    """The numbers of valid JSON values; None where one may be anything but an array of numbers.

    Most numbers in a list of landmarks are zeros, before and after those of the detected category:
    these zeros are counted, not decoded.
    """
    if not all(array.startswith(b"[") and array != b"[]" for array in arrays):
        return None
    texts = [array[1:-1] for array in arrays]
    codes = np.frombuffer(b"".join(texts), np.uint8)
    # JSON without digits above 0, letters, signs, brackets and quotes is zeros and commas.
    is_inner = (codes > ord("0")) | (codes == ord("-")) | (codes == ord('"'))
    inner, counts, start = [], [], 0
    for text in texts:
        is_own = is_inner[start : start + len(text)]
        start += len(text)
        left = text.rfind(b",", 0, is_own.argmax()) + 1
        right = text.find(b",", len(text) - is_own[::-1].argmax()) % (len(text) + 1)
        inner.append(text[left:right])
        own = text.count(b",", left, right) + 1
        counts.append((text.count(b",", 0, left), own, text.count(b",", right)))
    before, own, after = np.array(counts).T
    try:
        numbers = _NUMBERS.decode(b"[" + b",".join(inner) + b"]")
    except msgspec.DecodeError:
        return None
    if len(numbers) != own.sum():
        return None
    offsets = np.append(0, np.cumsum(before + own + after))
    shifts = offsets[:-1] + before - (np.cumsum(own) - own)
    values = np.zeros(offsets[-1])
    values[np.arange(len(numbers)) + np.repeat(shifts, own)] = numbers
    return pa.ListArray.from_arrays(offsets.astype(np.int32), values)

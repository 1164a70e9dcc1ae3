"""Arrow columns to Python values, with dates beyond the years 1 to 9999 as text."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_DAYS = (-719_162, 2_932_896)
"""The first and last day of Python's dates, 0001-01-01 and 9999-12-31, in days since 1970."""

_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def rows_of(batch: "pa.RecordBatch") -> Iterator[tuple[Any, ...]]:
    """The rows of a batch as tuples."""
    yield from zip(*(values_of(column) for column in batch.columns), strict=True)


def values_of(column: "pa.Array") -> list[Any]:
    """A value for each row. Times outside Python's range are text: `infinity`, `294247-01-10`."""
    try:
        return column.to_pylist()
    except (ValueError, OverflowError):  # a date out of range, perhaps inside a list
        return [_value(scalar) for scalar in column]


def has_extreme_times(column: "pa.Array") -> bool:
    """Whether a column has a date or timestamp outside Python's range."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_date32(column.type):
        limits, numbers = _DAYS, column.view(pa.int32())
    elif pa.types.is_timestamp(column.type):
        day = _A_DAY[column.type.unit]
        limits, numbers = (_DAYS[0] * day, (_DAYS[1] + 1) * day - 1), column.view(pa.int64())
    else:
        return False
    low, high = pc.min_max(numbers).as_py().values()
    return low is not None and (low < limits[0] or high > limits[1])


def _value(scalar: "pa.Scalar") -> Any:
    import pyarrow as pa

    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_union(kind):
        return _value(scalar.value)
    if pa.types.is_struct(kind):
        return {name: _value(value) for name, value in scalar.items()}
    if pa.types.is_nested(kind):
        return [_value(value) for value in scalar.values]
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return _time_text(scalar)


def _time_text(scalar: "pa.Scalar") -> str:
    """ISO 8601; `infinity` and `-infinity` for the numbers that DuckDB reserves for them."""
    import numpy as np
    import pyarrow as pa

    is_date = pa.types.is_date32(scalar.type)
    number, last = scalar.value, 2**31 - 1 if is_date else 2**63 - 1
    if abs(number) == last:
        return "infinity" if number > 0 else "-infinity"
    zone = "" if is_date or scalar.type.tz is None else "+00:00"
    return str(np.datetime64(number, "D" if is_date else scalar.type.unit)) + zone

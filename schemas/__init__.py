"""The nouns: every table the lake holds, declared once. Imports pyarrow, does no I/O.

`TABLES` is the only list of tables; footers, checks, views, docs and tests are derived from it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.table import Table
    from schemas.tables import TABLES

__all__ = ["TABLES", "Table"]


def __getattr__(name: str) -> Any:
    # Not at the top: errors, data sets and rules need no Arrow, and `wardrobe --help` only these.
    if name in __all__:
        from schemas import tables

        return getattr(tables, name)
    raise AttributeError(f"module 'schemas' has no attribute {name!r}")

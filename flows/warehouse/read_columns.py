"""The columns that a query can read: those of its tables that its SQL names."""

import re

from flows.warehouse.queries import Query
from schemas import TABLES


def read_columns(query: Query) -> dict[str, frozenset[str]]:
    """Tables and statistics that a query and the count of its examined rows read, with columns.

    They are all that it reads, because SQL here names each (there is no `select *`), and maybe
    more: names of another table's columns, too. Those of the partition, by which rows are counted
    at least, are always among them. A statistic has none: it is read as a whole.
    """
    # Without the header, which is about columns too.
    lines = (line for line in query.text.splitlines() if not line.startswith("--"))
    examined = re.findall(r"\w+", " ".join(query.examines or ()))
    words = {*re.findall(r"\w+", " ".join(lines)), *examined}
    names = [*query.reads, *(name for name in TABLES if name in examined)]
    return {name: _columns(name, words) for name in names}


def _columns(name: str, words: set[str]) -> frozenset[str]:
    if name not in TABLES:
        return frozenset()
    table = TABLES[name]
    return frozenset((*table.partition_by, *words.intersection(table.schema.names)))

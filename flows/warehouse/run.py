"""A query to Arrow; all checks to a verdict."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from flows.warehouse.connect import engine_errors, stopped_by_hand, stream_rows
from flows.warehouse.queries import Query, queries, query


@dataclass(frozen=True)
class Verdict:
    """What a check found: how many rows offend, and the first few of them.

    `severity` is `error` (blocks publishing) or `warn`. No rows, no problem.
    """

    name: str
    severity: str
    title: str
    rows: int
    examples: tuple[dict[str, Any], ...]
    seconds: float

    @property
    def blocks(self) -> bool:
        """Whether a release with this verdict must not be published."""
        return self.rows > 0 and self.severity == "error"


def run_query(
    con: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, object] | None = None
) -> pa.Table:
    """The whole answer of a query of sql/; parameters that are not given take their defaults."""
    return stream_query(con, name, parameters).read_all()


def stream_query(
    con: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, object] | None = None
) -> pa.RecordBatchReader:
    """The answer of a query in batches, for answers larger than memory.

    The connection stays free for other questions while the reader is open. InputError when values
    or files cannot be computed with.
    """
    one = query(name)
    with engine_errors():
        return stream_rows(_ask(con, one.text, one.values(parameters)))


def run_checks(
    con: duckdb.DuckDBPyConnection, examples: int = 5, *, only: Collection[str] = ()
) -> list[Verdict]:
    """Every check of sql/checks: how many rows offend, and the first `examples` of them.

    `only` names the checks to run; none named means all.
    """
    for name in only:
        query(name)  # says which one was meant when there is none
    chosen = [check for check in queries("checks") if not only or check.name in only]
    return [_judge(con, check, examples) for check in chosen]


def _judge(con: duckdb.DuckDBPyConnection, check: Query, examples: int) -> Verdict:
    start = time.perf_counter()
    values = check.values()
    # Counted apart from the examples: a count needs no sorting, and examples only the first few.
    counted = _ask(con, f"select count(*) as offending from (\n{check.text}\n)", values)
    offending = counted.read_all()["offending"][0].as_py()
    first: list[dict[str, Any]] = []
    if offending and examples:
        some = _ask(con, f"select * from (\n{check.text}\n) limit {int(examples)}", values)
        first = some.read_all().to_pylist()
    return Verdict(
        name=check.name,
        severity=check.severity or "warn",
        title=check.title,
        rows=offending,
        examples=tuple(first),
        seconds=round(time.perf_counter() - start, 3),
    )


def _ask(
    con: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any]
) -> pa.RecordBatchReader:
    # A cursor each: an open reader would block its own connection.
    with stopped_by_hand():
        relation = con.cursor().sql(text, params=dict(values) if values else None)
        return relation.to_arrow_reader()

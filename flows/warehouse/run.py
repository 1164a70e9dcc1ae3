"""A query to Arrow; all checks to a verdict."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from flows.warehouse.connect import engine_errors, keyboard_interrupts, stream_rows
from flows.warehouse.queries import Query, queries, query
from flows.warehouse.statistics_checks import statistics_checks


@dataclass(frozen=True)
class Verdict:
    """The result of a check: the number of offending rows, and the first few of them.

    `severity` is `error` (blocks publishing) or `warn`. `failure` is the message of a check that
    could not run; `rows` is then 0 and the severity `error`, because nothing was checked.
    """

    name: str
    severity: str
    title: str
    rows: int
    examples: tuple[dict[str, Any], ...]
    seconds: float
    failure: str | None = None

    @property
    def outcome(self) -> str:
        """`ok`, `warn` or `error`."""
        return self.severity if self.rows or self.failure else "ok"

    @property
    def blocks(self) -> bool:
        """Whether a release with this verdict must not be published."""
        return self.outcome == "error"

    @property
    def example(self) -> str:
        """The first offending row as `name=value; ...`, or why the check could not run."""
        if self.failure:
            return f"could not run: {self.failure}"
        first = self.examples[0] if self.examples else {}
        return "; ".join(f"{name}={value}" for name, value in first.items())


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
    one = _check_or_query(name)
    with engine_errors():
        return stream_rows(_ask(con, one.text, one.values(parameters)))


def run_checks(
    con: duckdb.DuckDBPyConnection,
    examples: int = 5,
    *,
    only: Collection[str] = (),
    statistics: bool = True,
) -> list[Verdict]:
    """Run the checks of sql/checks and, with `statistics`, one check for each statistic.

    Each verdict has up to `examples` offending rows. `only` names the checks to run; none named
    means all. Raises InputError when it names a check that does not exist.
    """
    if only:
        return [_judge(con, _check_or_query(name), examples) for name in sorted(set(only))]
    generated = statistics_checks() if statistics else ()
    return [_judge(con, check, examples) for check in (*queries("checks"), *generated)]


def _check_or_query(name: str) -> Query:
    """The generated check of that name, or the file of sql/."""
    generated = {check.name: check for check in statistics_checks()}
    return generated.get(name) or query(name)


def _judge(con: duckdb.DuckDBPyConnection, check: Query, examples: int) -> Verdict:
    """The verdict of one check. What DuckDB refuses is its failure and stops no other check."""
    start = time.perf_counter()
    rows, first, failure = 0, [], None
    try:
        # Counted apart from the examples: a count needs no sorting, examples only the first few.
        counts = _rows(con, f"select count(*) as offending from (\n{check.text}\n)")
        rows = counts[0]["offending"]
        if rows and examples:
            first = _rows(con, f"select * from (\n{check.text}\n) limit {int(examples)}")
    except duckdb.Error as error:
        rows, first = 0, []
        failure = " ".join(str(error).partition("\n\n")[0].split())
    return Verdict(
        name=check.name,
        severity="error" if failure else check.severity or "warn",
        title=check.title,
        rows=rows,
        examples=tuple(first),
        seconds=round(time.perf_counter() - start, 3),
        failure=failure,
    )


def _rows(con: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    """All rows of a statement. As a table, since a reader's errors are not DuckDB's."""
    with keyboard_interrupts():
        return con.cursor().sql(text).to_arrow_table().to_pylist()


def _ask(
    con: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any]
) -> pa.RecordBatchReader:
    # A cursor each: an open reader would block its own connection.
    with keyboard_interrupts():
        relation = con.cursor().sql(text, params=dict(values) if values else None)
        return relation.to_arrow_reader()

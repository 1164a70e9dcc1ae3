"""Queries and checks run on a connection: a query's rows as Arrow, a check's as a verdict."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from flows.warehouse.connect import (
    Files,
    engine_errors,
    engine_message,
    keyboard_interrupts,
    open_warehouse,
    stream_rows,
)
from flows.warehouse.contract_search import suspected_contracts
from flows.warehouse.contracts import contracts
from flows.warehouse.queries import Query, queries, query
from flows.warehouse.statistics_checks import statistics_checks
from schemas import TABLES
from schemas.errors import InputError, did_you_mean


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
    """All rows of a query of sql/ or a generated check; parameters have their defaults."""
    return stream_query(con, name, parameters).read_all()


def stream_query(
    con: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, object] | None = None
) -> pa.RecordBatchReader:
    """The rows of a query in batches, for results larger than memory.

    The connection stays free for other queries while the reader is open. InputError when values
    or files cannot be computed with.
    """
    named = query_or_check(name)
    with engine_errors():
        return stream_rows(_execute(con, named.text, named.values(parameters)))


def result_schema(con: duckdb.DuckDBPyConnection, query: Query) -> pa.Schema:
    """The columns of a query's rows; each field has its meaning and unit, as in schemas/.

    Required parameters are null: a connection without rows serves.
    """
    types = _execute(con, query.text, {param.name: param.default for param in query.params}).schema
    docs = ({"doc": query.columns[name], "unit": query.units.get(name, "")} for name in types.names)
    return pa.schema(map(pa.Field.with_metadata, types, docs))


def all_checks() -> tuple[Query, ...]:
    """The checks of sql/checks, the contracts of the tables, and a check for each statistic."""
    return (*queries("checks"), *contracts(), *statistics_checks())


def check_named(name: str) -> Query:
    """The check of that name, written or generated. InputError when there is none."""
    check = query_or_check(name)
    if check.kind != "checks":
        raise InputError(f"{name} is not a check; `wardrobe check` lists the checks.")
    return check


def query_or_check(name: str) -> Query:
    """The query or check of that name, written or generated. InputError suggests the nearest."""
    if "." not in name:
        return query(name)
    generated = {check.name: check for check in (*contracts(), *statistics_checks())}
    if name in generated:
        return generated[name]
    hint = did_you_mean(name, generated, "`wardrobe check --all` lists them.")
    raise InputError(f"check {name!r} does not exist; {hint}")


def run_checks(
    con: duckdb.DuckDBPyConnection,
    examples: int = 5,
    *,
    only: Collection[str] = (),
    statistics: bool = True,
    parts: Files | None = None,
) -> list[Verdict]:
    """Run the checks of sql/checks, the contracts and, with `statistics`, those of the statistics.

    Each verdict has up to `examples` offending rows. `only` names the checks to run, sorted in the
    result; without names all run. `parts` are the files of some parts and of `categories`, by
    table: the contracts of tables that parts hold then run on these files only. Raises InputError
    when `only` names a check that does not exist.
    """
    if only:
        return [_run_check(con, check_named(name), examples) for name in sorted(set(only))]
    verdicts = [_run_check(con, check, examples) for check in queries("checks")]
    if parts is None:
        verdicts += _run_contracts(con, TABLES, examples)
    else:
        in_parts = [name for name, table in TABLES.items() if not table.derived]
        (spill,) = con.sql("select current_setting('temp_directory')").fetchall()[0]
        with open_warehouse(parts, only=TABLES, temp_directory=Path(spill)) as changed:
            verdicts += _run_contracts(changed, in_parts, examples)
        verdicts += _run_contracts(con, [name for name in TABLES if name not in in_parts], examples)
    generated = statistics_checks() if statistics else ()
    return verdicts + [_run_check(con, check, examples) for check in generated]


def _run_contracts(
    con: duckdb.DuckDBPyConnection, tables: Collection[str], examples: int
) -> list[Verdict]:
    """The verdicts of the contracts of these tables; those that no row can break are not run."""
    suspected = suspected_contracts(con, tables)
    return [
        _run_check(con, contract, examples) if contract.name in suspected else _verdict(contract)
        for contract in contracts()
        if contract.reads[0] in tables
    ]


def _run_check(con: duckdb.DuckDBPyConnection, check: Query, examples: int) -> Verdict:
    """The verdict of one check. What DuckDB refuses is its failure and stops no other check."""
    start = time.perf_counter()
    rows, first = 0, []
    try:
        # Counted apart from the examples: a count needs no sorting, examples only the first few.
        counts = _rows(con, f"select count(*) as offending from (\n{check.text}\n)")
        rows = counts[0]["offending"]
        if rows and examples:
            first = _rows(con, f"select * from (\n{check.text}\n) limit {int(examples)}")
    except duckdb.Error as error:
        return _verdict(check, start, failure=engine_message(error))
    return _verdict(check, start, rows, first)


def _verdict(
    check: Query,
    start: float | None = None,
    rows: int = 0,
    examples: Sequence[dict[str, Any]] = (),
    failure: str | None = None,
) -> Verdict:
    """`start` is when the check began; None when no row can offend and it did not run."""
    return Verdict(
        name=check.name,
        severity="error" if failure else check.severity or "warn",
        title=check.title,
        rows=rows,
        examples=tuple(examples),
        seconds=0.0 if start is None else round(time.perf_counter() - start, 3),
        failure=failure,
    )


def _rows(con: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    """All rows of a statement. As a table, since a reader's errors are not DuckDB's."""
    with keyboard_interrupts():
        return con.cursor().sql(text).to_arrow_table().to_pylist()


def _execute(
    con: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any]
) -> pa.RecordBatchReader:
    # A cursor each: an open reader would block its own connection.
    with keyboard_interrupts():
        relation = con.cursor().sql(text, params=dict(values) if values else None)
        return relation.to_arrow_reader()

"""Queries and checks run on a connection: a query's rows as Arrow, a check's as a verdict."""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from flows.release.verdict import Verdict
from flows.warehouse.contract_search import suspected_contracts
from flows.warehouse.contracts import contracts
from flows.warehouse.engines import AnyWarehouse, fetch, select
from flows.warehouse.examined_rows import Examined
from flows.warehouse.part_results import PartVerdicts, counted_by_part, examined_names
from flows.warehouse.queries import Query, queries, query
from flows.warehouse.statistics_checks import statistics_checks
from schemas import TABLES
from schemas.errors import InputError, did_you_mean


def run_query(
    con: AnyWarehouse, name: str, parameters: Mapping[str, object] | None = None
) -> pa.Table:
    """All rows of a query of sql/ or a generated check; parameters have their defaults."""
    return stream_query(con, name, parameters).read_all()


def stream_query(
    con: AnyWarehouse, name: str, parameters: Mapping[str, object] | None = None
) -> pa.RecordBatchReader:
    """The rows of a query in batches, for results larger than memory.

    The connection stays free for other queries while the reader is open. InputError when values
    or files cannot be computed with.
    """
    named = query_or_check(name)
    return select(con, named.text, named.values(parameters))


def result_schema(con: AnyWarehouse, query: Query) -> pa.Schema:
    """The columns of a query's rows; each field has its meaning and unit, as in schemas/.

    Required parameters are null: a connection without rows serves.
    """
    types = select(con, query.text, {param.name: param.default for param in query.params}).schema
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
    con: AnyWarehouse,
    examples: int = 5,
    *,
    only: Collection[str] = (),
    statistics: bool = True,
    settings: Mapping[str, object] | None = None,
    parts: PartVerdicts | None = None,
    kept: Mapping[str, Verdict] | None = None,
) -> list[Verdict]:
    """Run the checks of sql/checks, the contracts and, with `statistics`, those of the statistics.

    Each verdict has up to `examples` offending rows. `only` names the checks to run, sorted in the
    result; without names all run. `settings` are those the release was derived with, for the checks
    that take them as parameters. `parts` has results of the checks of scope `part` and of the
    contracts of tables that parts hold; without it these run on `con`. Verdicts of `kept`, by name,
    are returned as they are. Raises InputError when `only` names a check that does not exist.
    """
    settings, kept = settings or {}, kept or {}
    if only:
        checks = [check_named(name) for name in sorted(set(only))]
        named = [_run_check(con, check, examples, settings) for check in checks]
        return _with_examined_rows(con, named)
    verdicts = [
        _check_of_parts(parts, check, examples)
        if parts and check.scope == "part"
        else _run_check(con, check, examples, settings)
        for check in queries("checks")
        if check.name not in kept
    ]
    chosen = [contract for contract in contracts() if contract.name not in kept]
    of_parts = [each for each in chosen if parts and not TABLES[each.reads[0]].derived]
    others = [each for each in chosen if not parts or TABLES[each.reads[0]].derived]
    verdicts += _run_contracts(parts.changed, of_parts, examples) if parts else []
    verdicts += _run_contracts(con, others, examples)
    generated = statistics_checks() if statistics else ()
    verdicts += [_run_check(con, check, examples, {}) for check in generated]
    by_name = {verdict.name: verdict for verdict in _with_examined_rows(con, verdicts, parts)}
    by_name |= kept
    return [by_name[check.name] for check in all_checks() if check.name in by_name]


def _check_of_parts(parts: PartVerdicts, check: Query, examples: int) -> Verdict:
    """The verdict of a check of scope `part`: its offending rows of all parts, added up."""
    start = time.perf_counter()
    if failure := parts.failures.get(check.name):
        return _verdict(check, start, failure=failure)
    rows = sum(parts.of(check.name).values())
    try:
        first = parts.first_rows(check, examples) if rows and examples else []
    except InputError as error:
        return _verdict(check, start, failure=str(error))
    return _verdict(check, start, rows, first)


def _with_examined_rows(
    con: AnyWarehouse, verdicts: Sequence[Verdict], parts: PartVerdicts | None = None
) -> list[Verdict]:
    """The verdicts with the number of rows examined, of the whole release on `con` or in `parts`.

    Contracts may have run on changed parts only: the other parts were examined when they were
    published.
    """
    declared = {check.name: check.examines for check in all_checks()}
    by_part = {check.name: parts for check in counted_by_part()} if parts else {}
    by_source: dict[str, dict[str, tuple[Verdict, Examined]]] = defaultdict(dict)
    counted: dict[str, Verdict] = {}
    for verdict in verdicts:
        if not (rows := declared[verdict.name]) or verdict.failure:
            continue
        if verdict.name in by_part:
            counted[verdict.name] = _with_part_counts(verdict, rows, by_part[verdict.name])
        else:
            by_source[rows.source][verdict.name] = verdict, rows
    for source, judged in by_source.items():
        numbers = ", ".join(number for _, rows in judged.values() for number in rows.counts)
        try:
            counts = iter(fetch(con, f"select {numbers} from {source}")[0])
        except InputError as error:
            failure = str(error)
            for name, (verdict, _) in judged.items():
                counted[name] = replace(verdict, severity="error", failure=failure)
            continue
        for name, (verdict, rows) in judged.items():
            counted[name] = replace(
                verdict, examined=next(counts), not_examined=next(counts), lacks=rows.lacks
            )
    return [counted.get(verdict.name, verdict) for verdict in verdicts]


def _with_part_counts(verdict: Verdict, rows: Examined, parts: PartVerdicts) -> Verdict:
    names = examined_names(rows)
    if failure := parts.failures.get(names[0]):
        return replace(verdict, severity="error", failure=failure)
    examined, not_examined = (sum(parts.of(name).values()) for name in names)
    return replace(verdict, examined=examined, not_examined=not_examined, lacks=rows.lacks)


def _run_contracts(con: AnyWarehouse, chosen: Sequence[Query], examples: int) -> list[Verdict]:
    """The verdicts of these contracts; those that no row can break are not run."""
    suspected = suspected_contracts(con, [contract.name for contract in chosen])
    return [
        _run_check(con, contract, examples, {})
        if contract.name in suspected
        else _verdict(contract)
        for contract in chosen
    ]


def _run_check(
    con: AnyWarehouse, check: Query, examples: int, settings: Mapping[str, object]
) -> Verdict:
    """The verdict of one check. What the engine refuses is its failure and stops no other check."""
    start = time.perf_counter()
    rows, first = 0, []
    values = check.values({name: settings[name] for name in check.param_names if name in settings})
    try:
        # Counted apart from the examples: a count needs no sorting, examples only the first few.
        ((rows,),) = fetch(con, f"select count(*) as offending from (\n{check.text}\n)", values)
        if rows and examples:
            first = fetch(con, f"select * from (\n{check.text}\n) limit {int(examples)}", values)
    except InputError as error:
        return _verdict(check, start, failure=str(error))
    return _verdict(check, start, rows, first)


def _verdict(
    check: Query,
    start: float | None = None,
    rows: int = 0,
    examples: Sequence[tuple[Any, ...]] = (),
    failure: str | None = None,
) -> Verdict:
    """`start` is when the check began; None when no row can offend and it did not run."""
    return Verdict(
        name=check.name,
        severity="error" if failure else check.severity or "warn",
        title=check.title,
        rows=rows,
        examples=tuple(dict(zip(check.columns, row, strict=True)) for row in examples),
        seconds=0.0 if start is None else round(time.perf_counter() - start, 3),
        failure=failure,
    )

"""Questions to a release: what is in it, the project's own queries, SQL of users, the checks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.lake import Lake, Manifest, Release
from flows.storage.atomic import atomic_write
from flows.warehouse import (
    Verdict,
    check_named,
    engine_errors,
    open_read_only,
    open_warehouse,
    queries,
    run_checks,
    run_query,
    run_user_sql,
    stream_query,
)
from schemas import TABLES
from schemas.errors import InputError
from schemas.rejections import RULES

__all__ = [
    "answer",
    "atomic_write",
    "check_release",
    "check_sql",
    "data_dictionary",
    "known_queries",
    "open_release",
    "rejections_of",
    "release_tables",
    "user_sql",
    "verdict_rows",
]


def open_release(lake: Path, release: str | None) -> Release:
    """The release named, or the one `current` means now: resolved once, so that nothing mixes."""
    return Lake(lake).release(release)


def release_tables(lake: Path, release: str | None) -> pa.Table:
    """One row per table of a release: rows, bytes, files, partitions."""
    return table_rows(open_release(lake, release).manifest)


def table_rows(manifest: Manifest) -> pa.Table:
    """One row per table that a manifest records, declared ones first."""
    found: dict[str, list] = {}
    for record in manifest.files:
        found.setdefault(record.table, []).append(record)
    order = [*TABLES, *sorted(set(found) - set(TABLES))]
    rows = [
        {
            "table": name,
            "rows": sum(record.rows for record in found[name]),
            "bytes": sum(record.bytes for record in found[name]),
            "files": len(found[name]),
            "partitions": ", ".join(
                sorted({_partition(record.path) for record in found[name]} - {""})
            ),
        }
        for name in order
        if name in found
    ]
    return pa.Table.from_pylist(rows)


def _partition(path: str) -> str:
    return "/".join(step.partition("=")[2] for step in path.split("/") if "=" in step)


def data_dictionary(table: str | None) -> pa.Table:
    """One row per declared column: table, column, type, null, unit, meaning. Raises InputError."""
    if table is not None and table not in TABLES:
        raise InputError(f"there is no table {table}; there are {', '.join(TABLES)}")
    rows = [
        {
            "table": one.name,
            "column": field.name,
            "type": str(field.type),
            "null": "may be null" if field.nullable else "",
            "unit": (field.metadata or {}).get(b"unit", b"").decode(),
            "meaning": (field.metadata or {})[b"doc"].decode(),
        }
        for one in TABLES.values()
        if table in (None, one.name)
        for field in one.schema
    ]
    return pa.Table.from_pylist(rows)


def known_queries() -> pa.Table:
    """One row per file of sql/: its kind, name, parameters and what it answers."""
    rows = [
        {
            "kind": one.kind,
            "query": one.name,
            "parameters": " ".join(one.promises("param")),
            "answers": one.title,
        }
        for one in queries()
    ]
    return pa.Table.from_pylist(rows)


@contextmanager
def answer(
    lake: Path, release: str | None, name: str, settings: Mapping[str, str]
) -> Iterator[pa.RecordBatchReader]:
    """The rows of one of the project's queries, its parameters given as text, in batches."""
    with open_warehouse(open_release(lake, release).tables()) as warehouse:
        yield stream_query(warehouse, name, settings)


@contextmanager
def user_sql(
    lake: Path,
    release: str | None,
    text: str,
    *,
    timeout: float | None = None,
    memory_limit: str | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """The rows of SQL that a user wrote, in batches; only the release's files can be read.

    InputError for what DuckDB refuses, after `timeout` seconds, and beyond `memory_limit`.
    """
    chosen = open_release(lake, release)
    with open_read_only(
        chosen.tables(), memory_limit=memory_limit, modified=chosen.manifest.created
    ) as warehouse:
        yield run_user_sql(warehouse, text, timeout)


def check_release(lake: Path, release: str | None) -> pa.Table:
    """Every check run now on a published release, one row of verdict each."""
    with open_warehouse(open_release(lake, release).tables()) as warehouse, engine_errors():
        return verdict_rows(run_checks(warehouse))


def check_sql(name: str) -> str:
    """What a check finds and its SELECT, as SQL with a comment. InputError for unknown names."""
    check = check_named(name)
    return check.text if check.text.startswith("--") else f"-- {check.title}\n\n{check.text}"


def verdict_rows(verdicts: list[Verdict]) -> pa.Table:
    """Verdicts as a table: check, verdict (`ok`, `warn`, `error`), rows, title, an example.

    `rows` is null where the check could not run; the example then says why.
    """
    rows = [
        {
            "check": one.name,
            "verdict": one.outcome,
            "rows": None if one.failure else one.rows,
            "finds": one.title,
            "example": one.example,
        }
        for one in verdicts
    ]
    return pa.Table.from_pylist(rows)


def rejections_of(lake: Path, release: str | None, rule: str | None) -> pa.Table:
    """Refused documents and items by data set, split and rule, each with an example."""
    if rule is not None and rule not in RULES:
        raise InputError(f"there is no rule {rule}; there are {', '.join(RULES)}")
    with open_warehouse(open_release(lake, release).tables()) as warehouse:
        rows = run_query(warehouse, "rejections_by_rule")
    return rows if rule is None else rows.filter(pc.equal(rows["rule"], rule))

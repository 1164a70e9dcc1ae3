"""Queries on a release: its tables, the queries of sql/, SQL of users, checks and rejections."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.lake import Lake
from flows.release import FileRecord, Manifest, Release
from flows.warehouse import (
    Verdict,
    all_checks,
    check_named,
    engine_errors,
    open_read_only,
    open_warehouse,
    queries,
    query,
    run_checks,
    run_query,
    run_user_sql,
    stream_query,
)
from schemas import TABLES
from schemas.datasets import DATASETS, SPLITS
from schemas.errors import InputError
from schemas.rejections import RULES


def open_release(lake: str | Path, release: str | None) -> Release:
    """The release of this id, or the current one: resolved once. Raises InputError."""
    return Lake(lake).release(release)


def table_rows(manifest: Manifest) -> pa.Table:
    """One row per table of a manifest, declared ones first: rows, bytes, files, partitions."""
    files: dict[str, list[FileRecord]] = defaultdict(list)
    for record in manifest.files:
        files[record.table].append(record)
    order = [name for name in TABLES if name in files] + sorted(files.keys() - TABLES.keys())
    rows = [
        {
            "table": name,
            "rows": sum(record.rows for record in files[name]),
            "bytes": sum(record.bytes for record in files[name]),
            "files": len(files[name]),
            "partitions": ", ".join(sorted({_partition(file.path) for file in files[name]} - {""})),
        }
        for name in order
    ]
    return pa.Table.from_pylist(rows)


def _partition(path: str) -> str:
    return "/".join(step.partition("=")[2] for step in path.split("/") if "=" in step)


def data_dictionary(name: str | None) -> pa.Table:
    """One row per declared column: table, column, type, null, unit, meaning. Raises InputError."""
    if name is not None and name not in TABLES:
        raise InputError(f"unknown table {name}: the tables are {', '.join(TABLES)}")
    rows = [
        {
            "table": table.name,
            "column": field.name,
            "type": str(field.type),
            "null": "may be null" if field.nullable else "",
            "unit": (field.metadata or {}).get(b"unit", b"").decode(),
            "meaning": (field.metadata or {})[b"doc"].decode(),
        }
        for table in TABLES.values()
        if name in (None, table.name)
        for field in table.schema
    ]
    return pa.Table.from_pylist(rows)


def query_list() -> pa.Table:
    """One row per file of sql/: kind, name, parameters and title."""
    rows = [
        {
            "kind": each.kind,
            "query": each.name,
            "parameters": " ".join(each.param_names),
            "answers": each.title,
        }
        for each in queries()
    ]
    return pa.Table.from_pylist(rows)


@contextmanager
def named_query(
    lake: str | Path, release: str | None, name: str, parameters: Mapping[str, str]
) -> Iterator[pa.RecordBatchReader]:
    """The rows of a query of sql/, in batches; parameters are text. Raises InputError.

    A data set or split that does not exist is an error too, because the result would be empty.
    """
    for key, words in (("dataset", DATASETS), ("split", SPLITS)):
        value = parameters.get(key)
        if value is not None and value not in words and key in query(name).param_names:
            raise InputError(f"{key} {value!r} does not exist: give one of {', '.join(words)}")
    with open_warehouse(open_release(lake, release).tables()) as warehouse:
        yield stream_query(warehouse, name, parameters)


@contextmanager
def user_sql(
    lake: str | Path,
    release: str | None,
    text: str,
    *,
    timeout: float | None = None,
    memory_limit: str | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """The rows of SQL that a user wrote, in batches; it can read the files of the release only.

    Raises InputError for what DuckDB rejects, after `timeout` seconds and above `memory_limit`.
    """
    opened = open_release(lake, release)
    with open_read_only(
        opened.tables(), memory_limit=memory_limit, modified=opened.manifest.created
    ) as warehouse:
        yield run_user_sql(warehouse, text, timeout)


def check_release(lake: str | Path, release: str | None) -> pa.Table:
    """Run every check on a published release: one row per verdict."""
    with open_warehouse(open_release(lake, release).tables()) as warehouse, engine_errors():
        return verdict_rows(run_checks(warehouse))


def check_list() -> pa.Table:
    """One row per check: name, severity, what it finds, what to do (empty for generated ones)."""
    rows = [
        {
            "check": check.name,
            "severity": check.severity,
            "finds": check.title,
            "action": check.action,
        }
        for check in all_checks()
    ]
    return pa.Table.from_pylist(rows)


def check_sql(name: str) -> str:
    """What a check finds and its SELECT, as SQL with a comment. InputError for unknown names."""
    check = check_named(name)
    return check.text if check.text.startswith("--") else f"-- {check.title}\n\n{check.text}"


def verdict_rows(verdicts: Sequence[Verdict]) -> pa.Table:
    """Verdicts as a table: check, verdict (`ok`, `warn`, `error`), rows, title, an example.

    `rows` is null for a check that could not run; the example then says why.
    """
    rows = [
        {
            "check": verdict.name,
            "verdict": verdict.outcome,
            "rows": None if verdict.failure else verdict.rows,
            "finds": verdict.title,
            "example": verdict.example,
        }
        for verdict in verdicts
    ]
    return pa.Table.from_pylist(rows)


def rejections_of(lake: str | Path, release: str | None, rule: str | None) -> pa.Table:
    """Refused documents and items by data set, split and rule, each with an example."""
    if rule is not None and rule not in RULES:
        raise InputError(f"unknown rule {rule}: the rules are {', '.join(RULES)}")
    with open_warehouse(open_release(lake, release).tables()) as warehouse:
        rows = run_query(warehouse, "rejections_by_rule")
    return rows if rule is None else rows.filter(pc.field("rule") == rule)

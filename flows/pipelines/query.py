"""Queries on a release: the queries of sql/, SQL of users, checks and rejections."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import fill

import pyarrow as pa

from flows.pipelines.tables import open_release
from flows.release import Release, describe_damage
from flows.storage.place import Place
from flows.warehouse import (
    INTERNAL_KINDS,
    Engine,
    UserSession,
    Verdict,
    Warehouse,
    all_checks,
    check_named,
    open_read_only,
    open_warehouse,
    queries,
    query_or_check,
    read_matching,
    result_schema,
    run_checks,
    run_query,
    run_user_sql,
    stream_query,
    view_schema,
)
from schemas import TABLES
from schemas.datasets import DATASETS, SPLITS
from schemas.errors import InputError, did_you_mean
from schemas.rejection_rules import RULES


def table_names() -> list[str]:
    """Tables, views, then statistics, as SQL names them."""
    return [*TABLES, *(query.name for kind in ("views", "statistics") for query in queries(kind))]


def data_dictionary(name: str | None) -> pa.Table:
    """One row per column of tables, views and statistics, or of one: meaning, type, unit, null.

    Raises InputError for an unknown name.
    """
    schemas = {table.name: table.schema for table in TABLES.values()}
    schemas |= {view.name: view_schema(view) for view in queries("views")}
    statistics = {statistic.name: statistic for statistic in queries("statistics")}
    if name is not None and name not in {*schemas, *statistics}:
        hint = did_you_mean(name, table_names(), f"the tables are {', '.join(TABLES)}")
        raise InputError(f"unknown table {name}: {hint}")
    described = [name] if name else table_names()
    with open_warehouse({}, only=statistics.keys() & set(described)) as con:
        rows = [
            {
                "table": table,
                "column": field.name,
                **_meaning(field),
                "null": "may be null" if field.nullable else "",
            }
            for table in described
            for field in (
                schemas[table] if table in schemas else result_schema(con, statistics[table])
            )
        ]
    return pa.Table.from_pylist(rows)


def _meaning(field: pa.Field) -> dict[str, str]:
    metadata = field.metadata
    return {
        "meaning": metadata[b"doc"].decode(),
        "type": str(field.type),
        "unit": metadata.get(b"unit", b"").decode(),
    }


def query_description(name: str) -> tuple[str, pa.Table]:
    """The rule of a query or check as text, and one row per parameter and column of its rows.

    Raises InputError for an unknown name.
    """
    query = query_or_check(name)
    paragraphs = [
        query.title,
        *query.prose.split("\n\n"),
        f"Reads {', '.join(query.reads)}. Rows are unique by {', '.join(query.grain)}.",
    ]
    parameters = [
        {
            "is": "parameter",
            "name": param.name,
            "default": "required" if param.default is None else str(param.default),
            "meaning": param.doc,
            "type": param.type,
        }
        for param in query.params
    ]
    with open_warehouse({}, only=query.reads) as con:
        columns = [
            {"is": "column", "name": field.name, **_meaning(field)}
            for field in result_schema(con, query)
        ]
    names = ("is", "name", "default", "meaning", "type", "unit")
    schema = pa.schema((column, pa.string()) for column in names)
    text = "\n\n".join(fill(paragraph, 80) for paragraph in paragraphs if paragraph)
    return text, pa.Table.from_pylist([*parameters, *columns], schema=schema)


def query_list(internal: bool = False) -> pa.Table:
    """One row per file of sql/: kind, name, parameters and title.

    `internal` includes the queries that only exports and the report read.
    """
    rows = [
        {
            "kind": each.kind,
            "query": each.name,
            "answers": each.title,
            "parameters": " ".join(each.param_names),
        }
        for each in queries()
        if internal or each.kind not in INTERNAL_KINDS
    ]
    return pa.Table.from_pylist(rows)


@contextmanager
def named_query(
    lake: str | Place,
    release: str | None,
    name: str,
    parameters: Mapping[str, str],
    engine: Engine = open_warehouse,
) -> Iterator[pa.RecordBatchReader]:
    """The rows of a query of sql/, in batches; parameters are text. Raises InputError.

    A data set or split that does not exist is an error too, because the result would be empty.
    """
    named = query_or_check(name)
    if named.reads_predictions:
        raise InputError(f"query {name} reads predictions: `wardrobe evaluate` runs it.")
    for key, words in (("dataset", DATASETS), ("split", SPLITS)):
        value = parameters.get(key)
        if value is not None and value not in words and key in named.param_names:
            hint = did_you_mean(value, words, f"give one of {', '.join(words)}")
            raise InputError(f"{key} {value!r} does not exist: {hint}")
    opened = open_release(lake, release)
    if named.kind == "checks":  # as `wardrobe check` runs it
        settings = opened.manifest.parameters.get("pairs", {})
        own = {key: settings[key] for key in named.param_names if key in settings}
        parameters = own | dict(parameters)
    with engine(opened.tables(), only=named.reads) as warehouse:
        yield stream_query(warehouse, name, parameters)


@contextmanager
def user_sql(
    lake: str | Place,
    release: str | None,
    text: str,
    *,
    timeout: float | None = None,
    memory_limit: str | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """The rows of SQL that a user wrote, in batches; it can read the files of the release only.

    Raises InputError for what DuckDB rejects, after `timeout` seconds and above `memory_limit`.
    """
    with _confined(open_release(lake, release), memory_limit, text) as warehouse:
        yield run_user_sql(warehouse, text, timeout)


@contextmanager
def sql_session(
    lake: str | Place,
    release: str | None,
    *,
    timeout: float | None = None,
    memory_limit: str | None = None,
) -> Iterator[tuple[Release, UserSession]]:
    """A release, and a session for statements of a user on it. Raises InputError."""
    opened = open_release(lake, release)
    with _confined(opened, memory_limit) as warehouse:
        yield opened, UserSession(warehouse, timeout)


def _confined(release: Release, memory_limit: str | None, text: str | None = None) -> Warehouse:
    """A connection that can read the files of the release only, for any SQL or this text."""
    return open_read_only(
        release.tables(), memory_limit=memory_limit, modified=release.manifest.created, sql=text
    )


def check_release(
    lake: str | Place, release: str | None, engine: Engine = open_warehouse
) -> pa.Table:
    """Run every check on a published release: one row per verdict.

    Raises InputError when a check cannot run because a file of the release is damaged.
    """
    opened = open_release(lake, release)
    with engine(opened.tables()) as warehouse:
        verdicts = run_checks(warehouse, settings=opened.manifest.parameters.get("pairs"))
    failed = any(verdict.failure for verdict in verdicts)
    if failed and (damage := describe_damage([opened])):
        raise InputError(damage)
    return verdict_rows(verdicts)


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
    """Verdicts as a table: check, verdict, rows found, rows examined or not, title, an example.

    The verdict is `ok`, `warn` or `error` (rows were found), or `not checkable`: no row could be
    examined. `rows` and `examined` are null for a check that could not run. The example says why
    a check could not run or could not examine rows.
    """
    rows = [
        {
            "check": verdict.name,
            "verdict": verdict.outcome,
            "rows": None if verdict.failure else verdict.rows,
            "examined": None if verdict.failure else verdict.examined,
            "not_examined": None if verdict.failure else verdict.not_examined,
            "finds": verdict.title,
            "example": verdict.example,
        }
        for verdict in verdicts
    ]
    return pa.Table.from_pylist(rows)


def rejections_of(lake: str | Place, release: str | None, rule: str | None) -> pa.Table:
    """Refused documents and items by data set, split and rule, each with an example.

    With a rule, one row per document or item that broke it. Raises InputError for another rule.
    """
    if rule is not None and rule not in RULES:
        hint = did_you_mean(rule, RULES, f"the rules are {', '.join(RULES)}")
        raise InputError(f"unknown rule {rule}: {hint}")
    with open_warehouse(open_release(lake, release).tables()) as warehouse:
        if rule is None:
            return run_query(warehouse, "rejections_by_rule")
        rows = read_matching(warehouse, "rejections", pa.table({"rule": [rule]}))
    columns = ("dataset", "split", "file_name", "message", "excerpt", "image_id", "item_no")
    return rows.select(columns)

"""DuckDB over a release: its Parquet files by table in, rows of queries and check results out.

May import `schemas`, `flows.storage`, `flows.release`. No other package imports DuckDB: a query is
a file of sql/, and other rows come from `read_table` and `read_matching`.
"""

from flows.warehouse.condition import sql_condition
from flows.warehouse.connect import (
    STATISTICS,
    Files,
    Warehouse,
    add_table,
    dependency_levels,
    engine_errors,
    engine_message,
    open_warehouse,
    read_matching,
    read_table,
    restrict_to_keys,
    text_literal,
)
from flows.warehouse.contracts import contracts
from flows.warehouse.database_file import write_database
from flows.warehouse.queries import INTERNAL_KINDS, Query, queries, query, view_schema
from flows.warehouse.run import (
    Verdict,
    all_checks,
    check_named,
    query_or_check,
    result_schema,
    run_checks,
    run_query,
    stream_query,
)
from flows.warehouse.user_sql import UserSession, open_read_only, run_user_sql

__all__ = [
    "INTERNAL_KINDS",
    "STATISTICS",
    "Files",
    "Query",
    "UserSession",
    "Verdict",
    "Warehouse",
    "add_table",
    "all_checks",
    "check_named",
    "contracts",
    "dependency_levels",
    "engine_errors",
    "engine_message",
    "open_read_only",
    "open_warehouse",
    "queries",
    "query",
    "query_or_check",
    "read_matching",
    "read_table",
    "restrict_to_keys",
    "result_schema",
    "run_checks",
    "run_query",
    "run_user_sql",
    "sql_condition",
    "stream_query",
    "text_literal",
    "view_schema",
    "write_database",
]

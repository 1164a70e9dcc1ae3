"""DuckDB over a release. In come its Parquet files by table; out go answers of sql/ as Arrow.

May import `schemas`, `flows.storage`, `flows.release`. DuckDB lives here and nowhere else; our SQL
in sql/.
"""

from flows.warehouse.connect import engine_errors, open_warehouse
from flows.warehouse.contracts import contracts
from flows.warehouse.queries import Query, queries, query
from flows.warehouse.run import (
    Verdict,
    all_checks,
    check_named,
    run_checks,
    run_query,
    stream_query,
)
from flows.warehouse.user_sql import open_read_only, run_user_sql

__all__ = [
    "Query",
    "Verdict",
    "all_checks",
    "check_named",
    "contracts",
    "engine_errors",
    "open_read_only",
    "open_warehouse",
    "queries",
    "query",
    "run_checks",
    "run_query",
    "run_user_sql",
    "stream_query",
]

"""DuckDB over a release: its Parquet files by table in, rows of queries and check results out.

Spark is a second engine for the files of sql/. May import `schemas`, `flows.storage`,
`flows.release`, `flows.spark`. No other package imports DuckDB: a query is a file of sql/, and
other rows come from `read_table` and `read_matching`.
"""

from flows.warehouse.condition import in_parentheses, require_repeatable, sql_condition
from flows.warehouse.confined_process import ConfinedProcess
from flows.warehouse.connect import (
    Warehouse,
    add_table,
    dependency_levels,
    engine_errors,
    engine_message,
    least_memory,
    open_warehouse,
    read_matching,
    read_table,
    restrict_to_keys,
    text_literal,
)
from flows.warehouse.contracts import contracts
from flows.warehouse.database_file import write_database
from flows.warehouse.engines import Engine, renew
from flows.warehouse.image_rows import ImageRows
from flows.warehouse.part_results import (
    PartVerdicts,
    add_up,
    all_part_counts,
    count_by_part,
    counted_by_part,
    part_counts,
)
from flows.warehouse.queries import INTERNAL_KINDS, Query, queries, query, view_schema
from flows.warehouse.read_columns import read_columns
from flows.warehouse.release_names import Files
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
from flows.warehouse.spark import spark_engine
from flows.warehouse.user_sql import UserSession, open_read_only, run_user_sql

__all__ = [
    "INTERNAL_KINDS",
    "ConfinedProcess",
    "Engine",
    "Files",
    "ImageRows",
    "PartVerdicts",
    "Query",
    "UserSession",
    "Verdict",
    "Warehouse",
    "add_table",
    "add_up",
    "all_checks",
    "all_part_counts",
    "check_named",
    "contracts",
    "count_by_part",
    "counted_by_part",
    "dependency_levels",
    "engine_errors",
    "engine_message",
    "in_parentheses",
    "least_memory",
    "open_read_only",
    "open_warehouse",
    "part_counts",
    "queries",
    "query",
    "query_or_check",
    "read_columns",
    "read_matching",
    "read_table",
    "renew",
    "require_repeatable",
    "restrict_to_keys",
    "result_schema",
    "run_checks",
    "run_query",
    "run_user_sql",
    "spark_engine",
    "sql_condition",
    "stream_query",
    "text_literal",
    "view_schema",
    "write_database",
]

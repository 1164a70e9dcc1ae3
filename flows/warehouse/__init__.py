"""DuckDB over a release. In come its Parquet files by table; out go answers of sql/ as Arrow.

May import `schemas` and `flows.storage`. DuckDB lives here and nowhere else; our SQL in sql/.
"""

from flows.warehouse.connect import open_warehouse
from flows.warehouse.people import open_for_people, run_sql
from flows.warehouse.queries import Query, queries, query
from flows.warehouse.run import Verdict, run_checks, run_query, stream_query

__all__ = [
    "Query",
    "Verdict",
    "open_for_people",
    "open_warehouse",
    "queries",
    "query",
    "run_checks",
    "run_query",
    "run_sql",
    "stream_query",
]

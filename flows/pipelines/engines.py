"""The engine that runs the statements of sql/: DuckDB in this process, or Spark on a master."""

from collections.abc import Iterator
from contextlib import contextmanager

from flows.warehouse import Engine, open_warehouse, spark_engine


@contextmanager
def sql_engine(master: str | None = None) -> Iterator[Engine]:
    """What opens releases for `derive`, `check_release` and `named_query`.

    With the URL of a Spark `master`, it is Spark, until the body ends.
    """
    if master is None:
        yield open_warehouse
    else:
        with spark_engine(master) as engine:
            yield engine

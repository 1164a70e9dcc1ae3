"""The engine that runs the statements of sql/, by its name: DuckDB here, or Spark on a master."""

from collections.abc import Iterator
from contextlib import contextmanager

from flows.spark import DEFAULT_MASTER
from flows.warehouse import Engine, open_warehouse, spark_engine
from schemas.errors import InputError

ENGINES = ("duckdb", "spark")


@contextmanager
def sql_engine(name: str = "duckdb", master: str | None = None) -> Iterator[Engine]:
    """What opens releases for `derive`, `check_release` and `named_query`.

    Spark runs on `master` (`local[2]`, `spark://host:7077`) until the body ends. InputError for a
    master of DuckDB.
    """
    if name not in ENGINES:
        raise InputError(f"engine {name!r} does not exist: give {' or '.join(ENGINES)}.")
    if name == "spark":
        with spark_engine(master or DEFAULT_MASTER) as engine:
            yield engine
    elif master is None:
        yield open_warehouse
    else:
        raise InputError(f"--master {master} is for Spark: add --engine spark.")

"""Runners of parts. In: a function and a list of jobs. Out: their receipts, as they complete.

A runner does not depend on what it runs: it is given the function. May import `schemas` and
`flows.spark`.
"""

from flows.runners.local import local_runner, worker_pool
from flows.runners.spark import spark_pool, spark_runner

__all__ = ["local_runner", "spark_pool", "spark_runner", "worker_pool"]

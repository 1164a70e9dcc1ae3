"""Who runs the parts. In: a function and a list of jobs. Out: their receipts, as they come.

A runner knows nothing of what it runs; it is handed the function. May import `schemas` only.
"""

from flows.runners.local import local_runner, worker_pool

__all__ = ["local_runner", "worker_pool"]

"""What a process of wardrobe's own does before its work: the command line and the pool's workers.

Never called in a process of a user's program. May import `schemas` only, and no library.
"""

from flows.processes.pandas_import import leave_pandas_out

__all__ = ["leave_pandas_out"]

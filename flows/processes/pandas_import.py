"""pyarrow without pandas.

Where pandas is installed, pyarrow imports it at its first `pa.array`, to recognise pandas objects:
half a second of CPU and 50 MiB in every process. It tries only once and works without, for all
that holds no pandas object, as wardrobe does. `to_pandas` and PySpark import pandas when they run.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def leave_pandas_out() -> None:
    """Let pyarrow's attempt to import pandas fail: at once, or when pyarrow is imported."""
    if pyarrow := sys.modules.get("pyarrow"):
        _attempt_without_pandas(pyarrow)
    else:
        sys.meta_path.insert(0, _PyarrowFinder())


def _attempt_without_pandas(pyarrow: ModuleType) -> None:
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pyarrow.array([])
    finally:
        sys.meta_path.remove(finder)


class _NoPandas:
    """Finds no pandas, and leaves other modules to the next finder."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("not for pyarrow", name=name)


class _PyarrowFinder:
    """Finds pyarrow once, and has it look for pandas as soon as it is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "pyarrow":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_attempt(module: ModuleType) -> None:
                execute(module)
                _attempt_without_pandas(module)

            spec.loader.exec_module = execute_and_attempt  # type: ignore[method-assign]
        return spec

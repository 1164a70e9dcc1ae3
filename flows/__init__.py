"""The application. Files are Prefect flows, folders are stages; data passes through them in order.

    source - storage - decode - validate - flatten - lake === warehouse + sql - exports, feed

Stages never import one another; only `pipelines` combines them, and the flow modules put Prefect
around a pipeline. `tests/test_architecture.py` states which package may import which.

In a notebook, `from flows import open_release` reads a lake.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.pipelines.notebook import open_release

__all__ = ["open_release"]


def __getattr__(name: str) -> Any:
    # Not at the top: `import flows` comes before every module of the project, and this takes Arrow.
    if name == "open_release":
        from flows.pipelines.notebook import open_release

        return open_release
    raise AttributeError(f"module 'flows' has no attribute {name!r}")

"""CPU of an ingest by stage, in one process: imports, list, plan, build, derive, publish.

    python tests/benchmarks/ingest_stages.py SOURCE LAKE

The same pipeline as the command's, with a stopwatch for CPU in the place of the one for time.
Prints a stage and its CPU seconds on each line.
"""

import sys
import time
from pathlib import Path

BEGAN = time.process_time()
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flows.pipelines import ingest as pipeline  # noqa: E402
from flows.pipelines.outcome import Stopwatch  # noqa: E402
from flows.pipelines.request import IngestRequest  # noqa: E402
from flows.runners import local_runner  # noqa: E402


class CpuStopwatch(Stopwatch):
    """Tells what each stage worked."""

    last = BEGAN

    def lap(self, stage: str) -> None:
        super().lap(stage)
        on_progress(stage)


def on_progress(stage: str) -> None:
    now = time.process_time()
    print(stage, now - CpuStopwatch.last)
    CpuStopwatch.last = now


def main() -> None:
    source, lake = sys.argv[1:]
    on_progress("imports")
    pipeline.Stopwatch = CpuStopwatch  # type: ignore[misc]
    pipeline.ingest(IngestRequest("deepfashion2", source, lake), local_runner(1))
    on_progress("publish")


if __name__ == "__main__":
    main()

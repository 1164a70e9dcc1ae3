"""A pool of the executors of a Spark session: each job is a Spark job of a single task."""

import os
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from flows.runners.local import Job, Receipt, run_in_pool
from flows.spark import spark_session
from schemas.errors import EngineError, InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TASKS_AT_A_TIME = 128
"""Jobs that Spark runs or holds in its queue, each with a waiting thread of this process."""

SAME_VERSIONS = ("wardrobe-lake", "pyarrow")
"""Distributions that decide the bytes of a file: executors need the versions of this process."""

Task = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class _SparkPool(ThreadPoolExecutor):
    """Runs each call in a Python worker of an executor; a thread of this process waits for it.

    Each call is a Spark job. In a frame of many calls, the answers would come when all tasks have
    ended (`collect`), or the tasks would run one after another (`toLocalIterator`).
    """

    def __init__(self, session: "SparkSession", tasks: int) -> None:
        super().__init__(tasks, thread_name_prefix="spark-job")
        self._session = session
        self._submitted: set[Future[Any]] = set()
        # Processes of this machine inherit the environment; to others it goes with the call.
        environment = {k: text for k, text in os.environ.items() if k.startswith("WARDROBE_")}
        self._task = _task(environment, {name: version(name) for name in SAME_VERSIONS})

    def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future = super().submit(self._run, partial(fn, *args, **options))
        self._submitted.add(future)
        future.add_done_callback(self._submitted.discard)
        return future

    def _run(self, call: Callable[[], Any]) -> Any:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        calls = pa.table({"call": [pickle.dumps(call)]})
        try:
            frame = self._session.createDataFrame(calls).mapInArrow(self._task, "answer binary")
            (row,) = frame.collect()
        except (PySparkException, Py4JError) as failure:
            raise EngineError(f"Spark could not run a job: {_reason(failure)}") from None
        answer, error = pickle.loads(row.answer)
        if isinstance(error, ModuleNotFoundError):
            raise InputError(
                f"{error}: install wardrobe-lake for the Python of every executor, with the same "
                "versions as on this machine"
            ) from error
        if error is not None:
            raise error
        return answer

    def cancel(self) -> None:
        """Cancel the calls that wait and those that run; return when Spark runs none."""
        self.shutdown(wait=False, cancel_futures=True)
        # Again and again: a thread may start its Spark job after an interruption.
        while wait(set(self._submitted), timeout=0.2).not_done:
            self._session.interruptAll()


def _task(environment: Mapping[str, str], versions: Mapping[str, str]) -> Task:
    """The function that Spark runs: a row with a pickled call in, its answer or its error out.

    A local function is pickled by value and uses nothing of this module, so that it can report
    that an executor does not have the package.
    """

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import os
        import pickle
        import socket
        import traceback
        from importlib.metadata import version

        import pyarrow

        os.environ.update(environment)
        for batch in batches:
            for call in batch.column(0).to_pylist():
                host, answer = socket.gethostname(), None
                error: Exception | None = None
                try:
                    for name, expected in versions.items():
                        if version(name) != expected:
                            raise ModuleNotFoundError(f"{name} is {version(name)}, not {expected}")
                    answer = pickle.loads(call)()
                except ModuleNotFoundError as missing:
                    error = ModuleNotFoundError(f"executor {host}: {missing}")
                # The driver raises it, whatever it is.
                except Exception as raised:
                    raised.add_note(f"On {host}:\n{traceback.format_exc()}")
                    error = raised
                yield pyarrow.record_batch([[pickle.dumps((answer, error))]], ["answer"])

    return run


def _reason(failure: Exception) -> str:
    """The cause in the message of a failed Spark job, without Java's stack."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    causes = [line for line in lines if re.search(r"[Rr]eason:|Exception: |Error: ", line)]
    return (causes or lines or [type(failure).__name__])[0]


@contextmanager
def spark_pool(master: str, tasks: int = TASKS_AT_A_TIME) -> Iterator[Executor]:
    """The executors of a Spark master as a pool, with at most `tasks` calls in Spark's queue.

    Calls and answers are pickled. What a call raises is raised here; Spark repeats a call whose
    executor is lost. Executors need this package in the versions of this process and see the same
    files under the same paths; variables WARDROBE_* of this process are set for them. When the body
    fails, all calls are cancelled. InputError and EngineError when Spark cannot run a call.
    """
    with spark_session(master) as session:
        pool = _SparkPool(session, tasks)
        try:
            yield pool
        except BaseException:
            pool.cancel()
            raise
        pool.shutdown()


def spark_runner(
    master: str, tasks: int = TASKS_AT_A_TIME
) -> Callable[[Callable[[Job], Receipt], Sequence[Job]], Iterator[Receipt]]:
    """Run jobs on the executors of a Spark master, see `spark_pool`; the first failure ends all.

    Without jobs, Spark is not started.
    """

    def run(build: Callable[[Job], Receipt], jobs: Sequence[Job]) -> Iterator[Receipt]:
        if not jobs:
            return
        with spark_pool(master, tasks) as pool:
            yield from run_in_pool(pool, build, jobs, tasks)

    return run

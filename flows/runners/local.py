"""Parts on this machine: one pool of spawned processes, whose members die with their parent."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

Job = TypeVar("Job")
Receipt = TypeVar("Receipt")


def _leave_with_parent(parent: int, look_every: float = 0.25) -> None:
    """End this process soon after its parent is gone: an orphan must not write on."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(look_every)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="leave-with-parent").start()


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor]:
    """A pool of `workers` spawned processes. Spawned, because Polars does not survive a fork."""
    pool = ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_leave_with_parent,
        initargs=(os.getpid(),),
    )
    try:
        yield pool
    except BaseException:
        # An interrupted or failed run must not wait for parts nobody will publish.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    else:
        pool.shutdown()


def local_runner(
    workers: int,
) -> Callable[[Callable[[Job], Receipt], Sequence[Job]], Iterator[Receipt]]:
    """Parts in this process for one worker, else in a pool. The first failure stops the others."""

    def run(build: Callable[[Job], Receipt], jobs: Sequence[Job]) -> Iterator[Receipt]:
        if workers <= 1 or len(jobs) <= 1:
            yield from map(build, jobs)
            return
        with worker_pool(min(workers, len(jobs))) as pool:
            futures: list[Future[Receipt]] = [pool.submit(build, job) for job in jobs]
            for future in as_completed(futures):
                yield future.result()

    return run

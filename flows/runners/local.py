"""Parts on this machine: one pool of spawned processes, whose members die with their parent."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from schemas.errors import InputError

Job = TypeVar("Job")
Receipt = TypeVar("Receipt")


def _leave_with_parent(parent: int, look_every: float = 0.25) -> None:
    """End this process soon after its parent is gone: an orphan must not write on."""
    # Ctrl-C reaches the whole group; the parent ends its workers itself, and without tracebacks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(look_every)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="leave-with-parent").start()


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor]:
    """A pool of `workers` spawned processes. Spawned, because Polars does not survive a fork.

    When what it is used for fails, its processes are ended: nobody will publish their parts, and
    one that hangs would keep this process from leaving. InputError when the system ended one.
    """
    pool = ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_leave_with_parent,
        initargs=(os.getpid(),),
    )
    try:
        yield pool
    except BaseException as error:
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        if isinstance(error, BrokenProcessPool):
            raise InputError(
                "a worker process was ended by the system, for want of memory as a rule, and "
                "nothing was published: run it again, with fewer workers"
            ) from error
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

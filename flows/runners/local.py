"""A pool of spawned processes on this machine; workers exit when their parent dies."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from flows.processes import leave_pandas_out
from schemas.errors import InputError

Job = TypeVar("Job")
Receipt = TypeVar("Receipt")

JOBS_SUBMITTED = 2
"""Jobs per process of a pool, however many there are: one that runs, and the next one, for as long
as the process that submits them builds a job itself."""


def _start_worker(parent: int) -> None:
    """The first call in a worker process."""
    _exit_with_parent(parent)
    leave_pandas_out()


def _exit_with_parent(parent: int, interval: float = 0.25) -> None:
    """Exit soon after the parent process ends: an orphan must not continue to write."""
    # Ctrl-C reaches the whole group, and SIGTERM all of a service; the parent ends its workers,
    # without tracebacks.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(interval)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="exit-with-parent").start()


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor]:
    """A pool of `workers` spawned processes. Spawned, because Polars does not survive a fork.

    When the body fails, the processes are killed: their parts will not be published, and one that
    hangs would keep this process from exiting. Raises InputError when the system killed one.
    """
    pool = ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
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
                "the system killed a worker process, usually because memory was short; nothing "
                "was published: run it again with fewer workers"
            ) from error
        raise
    else:
        pool.shutdown()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the end of the body, which starts processes.

    A process whose start is interrupted would print a traceback, and the pool would not know it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals interrupt only the main thread
        return
    received: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {n: signal.signal(n, lambda number, _: received.append(number)) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def run_in_pool(
    pool: Executor,
    build: Callable[[Job], Receipt],
    jobs: Iterable[Job],
    most: int,
    *,
    also_here: bool = False,
) -> Iterator[Receipt]:
    """Submit jobs, at most so many at a time, and yield receipts as they complete.

    With `also_here` this process builds too, while those of the pool start and later.
    """
    waiting, running = iter(jobs), set[Future[Receipt]]()
    while True:
        with _signals_held():
            more = islice(waiting, most - len(running))
            running |= {pool.submit(build, job) for job in more}
        if not running:
            return
        # Not one that was submitted: after a cancel, a pool that breaks would never say so.
        own = list(islice(waiting, 1)) if also_here else []
        yield from map(build, own)
        done, running = wait(running, 0 if own else None, FIRST_COMPLETED)
        for future in done:
            yield future.result()


def local_runner(
    workers: int, is_small: Callable[[Sequence[Job]], bool] = lambda jobs: len(jobs) <= 1
) -> Callable[[Callable[[Job], Receipt], Sequence[Job]], Iterator[Receipt]]:
    """Run jobs in this process and in the others of a pool, `workers` together.

    For one worker, and where `is_small` says so, in this process only. The first failure ends all.
    """

    def run(build: Callable[[Job], Receipt], jobs: Sequence[Job]) -> Iterator[Receipt]:
        if workers <= 1 or is_small(jobs):
            yield from map(build, jobs)
            return
        others = min(workers, len(jobs)) - 1
        with worker_pool(others) as pool:
            yield from run_in_pool(pool, build, jobs, others * JOBS_SUBMITTED, also_here=True)

    return run

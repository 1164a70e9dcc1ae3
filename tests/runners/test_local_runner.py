"""The runner of processes on this machine: who builds what, and signals while it starts them."""

import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest

from flows.runners import local
from schemas.errors import InputError


def test_a_signal_waits_until_the_jobs_are_submitted(monkeypatch):
    submitted = []

    def submit(build, job):
        signal.raise_signal(signal.SIGTERM)
        submitted.append(job)
        return Future()

    @contextmanager
    def pool(workers):
        yield SimpleNamespace(submit=submit)

    def interrupt(number, frame):
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "worker_pool", pool)
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(local.local_runner(3)(str, [1, 2, 3]))
        assert signal.getsignal(signal.SIGTERM) is interrupt
    finally:
        signal.signal(signal.SIGTERM, before)
    assert submitted == [1, 2, 3]


def test_a_bounded_number_of_jobs_is_submitted_at_a_time(monkeypatch):
    started = []

    def jobs():
        for number in range(100):
            started.append(number)
            yield number

    class Jobs(list):
        def __iter__(self):
            return jobs()

    monkeypatch.setattr(local, "worker_pool", ThreadPoolExecutor)
    done = []
    for receipt in local.local_runner(2)(str, Jobs(range(100))):
        done.append(receipt)
        assert len(started) <= len(done) + local.JOBS_SUBMITTED + 1
    assert sorted(done, key=int) == [str(number) for number in range(100)]


@pytest.mark.parametrize("workers", [2, 3])
def test_this_process_is_one_of_the_workers_and_builds_while_others_start(monkeypatch, workers):
    pools, started = [], threading.Event()

    def pool(others):
        pools.append(others)
        # As processes do, the pool begins late: here, when this process has built something.
        return ThreadPoolExecutor(others, initializer=started.wait, initargs=(10,))

    def build(job):
        started.set()
        time.sleep(0.002)
        return job, threading.get_ident()

    monkeypatch.setattr(local, "worker_pool", pool)
    receipts = list(local.local_runner(workers)(build, range(60)))
    assert pools == [workers - 1]
    assert sorted(job for job, _ in receipts) == list(range(60))
    here = [job for job, thread in receipts if thread == threading.get_ident()]
    assert 60 / workers / 3 < len(here) < 60
    assert receipts[0][1] == threading.get_ident()


def fail_here(job, parent):
    if os.getpid() == parent:
        raise OSError(f"{job} failed here")


def die_in_the_pool(job, parent):
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "error", "message"),
    [(fail_here, OSError, "failed here"), (die_in_the_pool, InputError, "killed a worker")],
)
def test_no_process_survives_a_failure_here_or_in_the_pool(monkeypatch, build, error, message):
    pools = []

    class Pool(ProcessPoolExecutor):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            pools.append(self)
            self.processes = self._processes  # the pool forgets them when it ends

    monkeypatch.setattr(local, "ProcessPoolExecutor", Pool)
    jobs = range(1000)
    with pytest.raises(error, match=message):
        list(local.local_runner(3)(partial(build, parent=os.getpid()), jobs))
    ((_, first), (_, second)) = pools[0].processes.items()
    for process in (first, second):
        process.join(10)
        assert process.exitcode

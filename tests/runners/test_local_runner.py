"""The runner of processes on this machine: signals while it starts them."""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from flows.runners import local


def test_a_signal_waits_until_the_jobs_are_submitted(monkeypatch):
    submitted = []

    def submit(build, job):
        signal.raise_signal(signal.SIGTERM)
        submitted.append(job)

    @contextmanager
    def pool(workers):
        yield SimpleNamespace(submit=submit)

    def interrupt(number, frame):
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "worker_pool", pool)
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(local.local_runner(2)(str, [1, 2, 3]))
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
        assert len(started) <= len(done) + 2 * local.JOBS_SUBMITTED
    assert sorted(done, key=int) == [str(number) for number in range(100)]

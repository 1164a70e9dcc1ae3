import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from lake_runs import numbers, publish, source

from flows.lake import LakeBusy

HOLD = """
import sys, time
from flows.lake import Lake
with Lake(sys.argv[1]).writing() as staging:
    (staging.folder / "half").write_text("half")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(lake):
    """Another process that writes the lake, until the test is over."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lake.root)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_writer_leaves_with_a_sentence_that_names_the_first(lake, holder):
    with pytest.raises(LakeBusy) as caught, lake.writing():
        pass
    assert re.fullmatch(
        rf"{lake.root} is being written by `.*` \(process {holder.pid} on {socket.gethostname()}, "
        r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\): try again later, or pass --wait\.",
        str(caught.value),
    )


@pytest.mark.slow
def test_the_lock_of_a_dead_holder_is_taken_over_and_its_staging_cleaned(lake, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with lake.writing() as staging:
        assert [path.name for path in (lake.root / "staging").iterdir()] == [staging.folder.name]


def test_waiting_ends_with_the_lock_or_with_its_time_limit(lake, holder):
    messages: list[str] = []
    with pytest.raises(LakeBusy), lake.writing(wait=0.2, waiting=messages.append):
        pass
    threading.Timer(0.3, holder.kill).start()
    with lake.writing(wait=True, waiting=messages.append):
        pass
    assert len(messages) == 2
    assert f"process {holder.pid}" in messages[0]


def test_two_writers_within_one_process_exclude_each_other_too(lake):
    with lake.writing(), pytest.raises(LakeBusy), lake.writing():
        pass


def test_the_lock_is_free_after_a_run_and_after_a_failed_one(lake):
    publish(lake, source(numbers(1, 5)))
    with pytest.raises(ZeroDivisionError), lake.writing():
        _ = 1 / 0
    with lake.writing():
        pass


def nap(seconds: float) -> None:
    time.sleep(seconds)


@pytest.mark.slow
def test_a_worker_that_outlives_its_run_does_not_hold_the_lock(lake):
    with lake.writing():
        worker = multiprocessing.get_context("spawn").Process(target=nap, args=(60,))
        worker.start()
    with lake.writing():
        assert worker.is_alive()
    worker.kill()
    worker.join()


def test_readers_need_no_lock(lake, holder):
    assert lake.parent() is None
    assert lake.releases() == []

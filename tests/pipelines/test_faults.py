"""Kills, full disks and other writers, small; tests/faults/ has the same at full size."""

import re
import shutil
import socket
import subprocess
import sys
import time

import pytest
from busy_readers import publish_under_readers
from command_line import wardrobe
from killed_ingests import survive_kills
from small_disks import survive_full_disks
from whole_ingests import (
    make_trial,
    require_end,
    require_nothing_left,
    require_whole,
    start_wardrobe,
)

from flows.lake import Lake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return make_trial(tmp_path_factory.mktemp("trial"), pictures=12, parts=2)


@pytest.fixture
def lake(trial, tmp_path) -> Lake:
    """A lake of the trial's first state, with room to be disturbed."""
    return trial.fresh_lake(tmp_path / "lake")


def test_killed_ingests_leave_a_whole_release_and_the_next_run_ends_it(trial, tmp_path):
    assert len(survive_kills(trial, tmp_path, kills=1, longest=1.0)) == 1


def test_a_full_disk_leaves_the_old_release_and_the_next_run_ends_it(trial, tmp_path):
    assert survive_full_disks(trial, tmp_path, rooms=[100], workers=1) == {100: False}


def test_publications_show_no_missing_file_and_no_mixed_release_to_readers(trial, tmp_path):
    source = shutil.copytree(trial.source, tmp_path / "source")
    readers = publish_under_readers(
        source, tmp_path / "lake", publications=2, readers=1, pause=0.05
    )
    assert all(reader.troubles == [] and reader.reads for reader in readers)


HOLD = """
import sys, time
from flows.lake import Lake
with Lake(sys.argv[1]).writing() as staging:
    (staging.folder / "half").write_text("half")
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(lake):
    """Another process that writes the lake until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lake.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_ingest_names_the_first_and_the_lock_of_a_killed_one_is_taken_over(
    trial, lake, holder
):
    done = wardrobe("ingest", "deepfashion2", trial.source, "--workers", 1, lake=lake.root)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(
        rf"wardrobe: {lake.root} is being written by `.*` \(process {holder.pid} on "
        rf"{socket.gethostname()}, since [-\d]+ [:\d]+ UTC\): try again later, or pass --wait\.\n",
        done.stderr,
    )
    holder.kill()
    holder.wait()
    require_end(trial, lake)


def test_ingests_that_wait_say_for_whom_and_one_of_them_publishes(trial, lake, holder):
    words = ("ingest", "deepfashion2", trial.source, "--lake", lake.root, "--wait", "--workers", 1)
    both = [start_wardrobe(*words) for _ in range(2)]
    for waiting in both:
        sentence = waiting.stderr.readline()
        assert sentence.startswith("wardrobe: ") and sentence.endswith("): waiting for it.\n")
        assert f"process {holder.pid} on {socket.gethostname()}" in sentence
    time.sleep(0.3)
    assert [waiting.poll() for waiting in both] == [None, None]
    holder.communicate("go\n")
    results = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert sorted(out.split()[0] for out, _ in results) == ["nothing", "published"]
    require_whole(lake, trial.ends)
    require_nothing_left(lake)

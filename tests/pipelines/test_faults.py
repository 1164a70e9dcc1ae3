"""Kills, full disks and other writers, small; tests/faults/ has the same at full size."""

import re
import socket
import subprocess
import sys
import time

import pytest
from busy_readers import publish_under_readers
from killed_ingests import survive_kills
from small_disks import survive_full_disks
from whole_ingests import (
    make_trial,
    require_end,
    require_nothing_left,
    require_whole,
    run_wardrobe,
    spread,
    start_wardrobe,
)

from flows.lake import Lake
from flows.pipelines.sample import write_sample

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return make_trial(tmp_path_factory.mktemp("trial"), pictures=12, parts=2)


@pytest.fixture
def lake(trial, tmp_path) -> Lake:
    """A lake of the trial's first state, with room to be disturbed."""
    return trial.fresh_lake(tmp_path / "lake")


def test_killed_ingests_leave_a_whole_release_and_the_next_run_ends_it(trial, tmp_path):
    assert len(survive_kills(trial, tmp_path, kills=1)) == 1


def test_a_full_disk_leaves_the_old_release_and_the_next_run_ends_it(trial, tmp_path):
    assert survive_full_disks(trial, tmp_path, rooms=[100]) == {100: False}


def test_publications_show_no_missing_file_and_no_mixed_release_to_readers(tmp_path):
    sample = tmp_path / "source"
    write_sample("deepfashion2", sample, 12, 5)
    spread(sample, 2)
    readers = publish_under_readers(sample, tmp_path / "lake", publications=2, readers=1)
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


def test_a_second_ingest_leaves_with_a_sentence_that_names_the_first(trial, lake, holder):
    done = run_wardrobe("ingest", "deepfashion2", trial.source, "--lake", lake.root)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(
        rf"wardrobe: {lake.root} is being written by `.*` \(process {holder.pid} on "
        rf"{socket.gethostname()}, since [-\d]+ [:\d]+ UTC\): try again later, or pass --wait\.\n",
        done.stderr,
    )


def test_a_second_ingest_that_waits_says_for_whom_and_publishes_after_it(trial, lake, holder):
    words = ("ingest", "deepfashion2", trial.source, "--lake", lake.root, "--wait")
    waiting = start_wardrobe(*words)
    sentence = waiting.stderr.readline()
    assert sentence.startswith("wardrobe: ") and sentence.endswith("): waiting for it.\n")
    assert f"process {holder.pid} on {socket.gethostname()}" in sentence
    time.sleep(0.3)
    assert waiting.poll() is None
    holder.communicate("go\n")
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert out.startswith("published")
    require_whole(lake, trial.ends)


def test_the_lock_of_a_killed_holder_is_taken_over(trial, lake, holder):
    holder.kill()
    holder.wait()
    require_end(trial, lake)


def test_two_ingests_started_together_end_as_one(trial, lake):
    words = ("ingest", "deepfashion2", trial.source, "--lake", lake.root, "--wait")
    both = [start_wardrobe(*words) for _ in range(2)]
    words = sorted(process.communicate(timeout=120)[0].split()[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert words == ["nothing", "published"]
    require_whole(lake, trial.ends)
    require_nothing_left(lake)

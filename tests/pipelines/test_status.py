"""`wardrobe status`: what it shows, when it exits with 1, and which runs it knows."""

import json
import os
import signal
import time
from datetime import timedelta

import pytest
from command_line import is_one_sentence, wardrobe
from damaged_lakes import copy_of
from ingesting import ingested
from whole_ingests import start_wardrobe

from flows.lake import Lake
from flows.lake.lock import recorded_holder
from flows.pipelines import ingest
from flows.pipelines.status import parse_age

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own_lake(sources, tmp_path_factory):
    root = tmp_path_factory.mktemp("status") / "lake"
    ingested("fashion-mnist", sources / "fashion-mnist", root)
    return root


@pytest.fixture
def status(own_lake, tmp_path):
    """The state of a lake of its own: its path, and a function that runs the command."""
    lake = copy_of(own_lake, tmp_path / "lake")

    def run(*words: object) -> tuple[int, dict]:
        done = wardrobe("status", "--format", "json", *words, lake=lake)
        return done.returncode, json.loads(done.stdout)

    return lake, run


def test_a_lake_that_is_up_to_date_has_no_problems(status):
    lake, run = status
    code, state = run("--max-age", "26h")
    manifest = Lake(lake).release().manifest
    assert (code, state["problems"], state["last_failure"]) == (0, [], None)
    assert state["release"] == manifest.release
    assert state["rows"]["images"] == 120
    assert sum(state["verdicts"].values()) == len(manifest.checks)
    assert state["findings"].keys() == {c["check"] for c in manifest.checks if c["rows"]}
    shown = wardrobe("status", lake=lake, COLUMNS="80")
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    assert manifest.release in shown.stdout and "problems      none" in shown.stdout


def test_a_run_without_changes_is_successful_and_an_old_one_is_not_enough(status, sources):
    lake, run = status
    time.sleep(1.1)
    code, state = run("--max-age", "1s")
    assert code == 1 and state["problems"] == [f"no run succeeded since {state['last_success']}"]
    assert ingested("fashion-mnist", sources / "fashion-mnist", lake).verdicts is None
    code, later = run("--max-age", "10s")
    assert code == 0 and later["last_success"] > state["last_success"]
    assert later["published"] == state["published"]


def test_a_missing_file_of_the_current_release_is_a_problem(status):
    lake, run = status
    file = Lake(lake).release().files("items", "fashion-mnist", "train")[0]
    file.unlink()
    code, state = run()
    (problem,) = state["problems"]
    assert code == 1 and problem.startswith(f"{file} is missing: `wardrobe verify")


def test_a_failed_run_is_shown_and_is_a_problem_until_one_succeeds(status, sources, monkeypatch):
    lake, run = status
    before = Lake(lake).release().id
    done = wardrobe("ingest", "fashion-mnist", "/not/mounted", lake=lake)
    assert is_one_sentence(done)
    code, state = run()
    reason = done.stderr.strip().removeprefix("wardrobe: ")
    assert (code, state["problems"]) == (1, [f"the last run failed: {reason}"])

    def fail(*_: object) -> None:
        raise KeyError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "_ingest", fail)
        with pytest.raises(KeyError):
            ingested("fashion-mnist", sources / "fashion-mnist", lake)
    assert run()[1]["failure"] == "KeyError('a bug')"
    with Lake(lake).writing():  # another run refuses; this one has not ended
        assert "is being written" in wardrobe("derive", lake=lake).stderr
        code, state = run()
    assert state["failure"] == "KeyError('a bug')" and str(os.getpid()) in state["writer"]
    ingested("fashion-mnist", sources / "fashion-mnist", lake)
    code, state = run()
    assert (code, state["writer"], state["release"]) == (0, None, before)
    assert state["last_failure"] is not None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_run_that_is_ended_is_a_problem(number, code, status, sources):
    """SIGTERM also prints one line and leaves nothing; after SIGKILL the next run cleans."""
    lake, run = status
    words = ("deepfashion2", sources / "deepfashion2", "--lake", lake, "--workers", 2)
    process = start_wardrobe("ingest", *words)
    # Files of the other source are linked just before the workers start: the worst moment.
    while process.poll() is None and not any(lake.glob("staging/*/items/*/*/*.parquet")):
        time.sleep(0.001)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    ended, state = run()
    assert (process.returncode, ended, out) == (code, 1, "")
    if number == signal.SIGTERM:
        assert err == "wardrobe: terminated\n"
        assert list((lake / "staging").iterdir()) == []
        assert state["problems"] == ["the last run failed: stopped"]
    else:
        assert state["problems"] == [f"a run was killed: {recorded_holder(lake)}"]


def test_an_age_is_a_number_and_a_unit(own_lake):
    assert parse_age("90m") == timedelta(minutes=90)
    for text in ("26", "h", "-1h", "1.5h", "26 h", "1w", "٣h", "9999999d"):
        assert is_one_sentence(wardrobe("status", "--max-age", text, lake=own_lake)), text

"""kill -9 over whole ingests, and over all that writes a lake; figures are printed with `-s`.

WARDROBE_KILLS says how many, a quarter of them whole ingests; WARDROBE_SEED chooses other instants.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import mean

import pytest
from killed_ingests import survive_kills
from whole_ingests import make_trial

KILLS = int(os.environ.get("WARDROBE_KILLS", "1000"))
SEED = int(os.environ.get("WARDROBE_SEED", "0"))
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return make_trial(tmp_path_factory.mktemp("trial"), pictures=240, parts=6)


def test_killed_ingests_leave_a_whole_release_and_the_next_run_ends_it(trial, tmp_path):
    kills = survive_kills(trial, tmp_path, kills=KILLS // 4, seed=SEED)
    print(
        f"\n{len(kills)} kills of runs at work ({sum(kill.whole_group for kill in kills)} groups, "
        f"{sum(not kill.whole_group for kill in kills)} parents alone), seed {SEED}, "
        f"{mean(kill.after for kill in kills):.2f} s after the lock on average; what was staged: "
        f"{dict(Counter(kill.stage for kill in kills))}"
    )


def test_a_lake_lives_through_kills_of_publish_rollback_resume_and_keep(tmp_path):
    script = ROOT / "tests" / "support" / "killed_runs.py"
    done = subprocess.run(
        [sys.executable, script, tmp_path, "random", str(KILLS - KILLS // 4), str(SEED)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{script.parent}"},
        capture_output=True,
        text=True,
    )
    print(f"\n{done.stdout}")
    assert done.returncode == 0, done.stderr

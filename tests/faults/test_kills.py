"""kill -9 over whole ingests; figures are printed with `-s`."""

import os
from collections import Counter
from statistics import mean

import pytest
from killed_ingests import survive_kills
from whole_ingests import make_trial

KILLS = int(os.environ.get("WARDROBE_KILLS", "200"))
SEED = int(os.environ.get("WARDROBE_SEED", "0"))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return make_trial(tmp_path_factory.mktemp("trial"), pictures=240, parts=6)


def test_killed_ingests_leave_a_whole_release_and_the_next_run_ends_it(trial, tmp_path):
    kills = survive_kills(trial, tmp_path, kills=KILLS, seed=SEED)
    print(
        f"\n{len(kills)} kills of runs at work ({sum(kill.whole_group for kill in kills)} groups, "
        f"{sum(not kill.whole_group for kill in kills)} parents alone), "
        f"{mean(kill.after for kill in kills):.2f} s after the lock on average; what was staged: "
        f"{dict(Counter(kill.stage for kill in kills))}"
    )

"""Disks that run full at every stage of a run; figures are printed with `-s`."""

import pytest
from small_disks import survive_full_disks
from whole_ingests import make_trial


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return make_trial(tmp_path_factory.mktemp("trial"), pictures=120, parts=4)


def test_a_run_without_room_leaves_the_old_release_and_the_next_one_ends_it(trial, tmp_path):
    sufficed = survive_full_disks(trial, tmp_path, rooms=[*range(0, 400, 20), 4_000])
    print(f"\nroom in kB, and whether it sufficed: {sufficed}")
    assert not sufficed[0]
    assert sufficed[4_000]

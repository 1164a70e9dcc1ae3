"""Mutated manifests and Parquet footers by the ten thousand; figures are printed with `-s`."""

import os

import pytest
from mutated_releases import try_in_processes
from whole_ingests import make_trial

MUTATIONS = int(os.environ.get("WARDROBE_MUTATIONS", "10000"))
SEED = int(os.environ.get("WARDROBE_SEED", "0"))


@pytest.mark.parametrize("kind", ["manifest", "parquet"])
def test_mutated_releases_give_a_sentence_or_rows_and_never_a_traceback(kind, tmp_path):
    trial = make_trial(tmp_path / "trial", pictures=12, parts=1)
    figures = try_in_processes(trial.start, tmp_path, kind, seed=SEED, cases=MUTATIONS)
    print(f"\n{kind}, seed {SEED}: {figures}")
    assert figures["cases"] == MUTATIONS
    assert figures["noticed"] > MUTATIONS // 4

"""A million mutated inputs; figures are printed with `-s`."""

import os

import pytest
from mutated_sources import KINDS, SECRET, run_campaign

TIMES = int(os.environ.get("WARDROBE_MUTATIONS", "1000000"))
SEED = int(os.environ.get("WARDROBE_SEED", "0"))


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_inputs_raise_nothing_and_lose_nothing(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET.decode())
    campaign = run_campaign(kind, TIMES // len(KINDS), SEED, tmp_path)
    print(f"\n{campaign}")
    assert campaign.inputs >= TIMES // len(KINDS)

"""A hundred mutated inputs of each kind; `tests/faults/test_mutations.py` runs a million.

`WARDROBE_FUZZ=10000` mutates that many of each kind.
"""

import os

import pytest
from mutated_sources import KINDS, SECRET, run_campaign

TIMES = int(os.environ.get("WARDROBE_FUZZ", "100"))

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_a_campaign_raises_nothing_and_loses_nothing(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET.decode())
    campaign = run_campaign(kind, TIMES, 1, tmp_path)
    assert campaign.inputs >= TIMES
    assert 0 < campaign.refused_whole < campaign.inputs
    assert f"{kind}: {campaign.inputs}" in str(campaign)

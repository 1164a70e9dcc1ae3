"""A few dozen mutated inputs of each kind; `tests/faults/test_mutations.py` runs a million."""

import pytest
from mutated_sources import KINDS, SECRET, run_campaign


@pytest.mark.parametrize("kind", KINDS)
def test_a_campaign_raises_nothing_and_loses_nothing(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET.decode())
    campaign = run_campaign(kind, 40, 1, tmp_path)
    assert campaign.inputs >= 40
    assert 0 < campaign.refused_whole < campaign.inputs
    assert f"{kind}: {campaign.inputs}" in str(campaign)

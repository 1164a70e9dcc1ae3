"""A lake, not yet made."""

import pytest

from flows.lake import Lake


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")

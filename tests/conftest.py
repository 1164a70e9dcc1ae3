"""Fixtures for every test: where the real files lie."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; skips with a word where it is absent (licences forbid shipping it)."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("WARDROBE_REAL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set WARDROBE_REAL_DATA")
    return folder

"""Lakes that are not yet made."""

import pytest
from object_lakes import ROOT

from flows.lake import Lake, ObjectLake


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def object_lake(stub) -> ObjectLake:
    """A lake on the stub, not yet made."""
    return ObjectLake(ROOT)

"""Small sources of the three data sets with their lake, and a cache for the indexes of feeds."""

from pathlib import Path

import pytest
from ingesting import ingest_three
from releases import built_once


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """The generated sources, in folders named like their data sets, and `lake`."""
    return built_once(tmp_path_factory, "three", ingest_three)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch) -> Path:
    """Where the feeds of a test keep their indexes."""
    monkeypatch.setenv("WARDROBE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"

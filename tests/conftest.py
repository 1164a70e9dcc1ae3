"""Fixtures for every test: the real files, and a lake built once from the samples."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from object_stores import StubStore

# A busy machine is no reason to fail: examples are not timed.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules of slow tests alone in the fast tier: to import them takes seconds."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text() or None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; skips with a word where it is absent (licences forbid shipping it).

    In CI (WARDROBE_CI) it must be there.
    """
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("WARDROBE_REAL_DATA", beside))
    if not folder.is_dir():
        why = f"no real data at {folder}: set WARDROBE_REAL_DATA"
        pytest.fail(why) if "WARDROBE_CI" in os.environ else pytest.skip(why)
    return folder


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """Generated sources: deepfashion2 (60 pictures), fashionai, fashion-mnist. Leave them."""
    from flows.pipelines.sample import write_sample

    folder = tmp_path_factory.mktemp("sources")
    write_sample("deepfashion2", folder / "deepfashion2", 60, 5)
    write_sample("fashionai", folder / "fashionai", 40, 5)
    write_sample("fashion-mnist", folder / "fashion-mnist", 120, 5)
    return folder


@pytest.fixture(scope="session")
def lake(sources, tmp_path_factory) -> Path:
    """A lake of all sample sources, built once. Not to be changed."""
    from ingesting import ingested

    folder = tmp_path_factory.mktemp("lake") / "lake"
    for dataset in ("deepfashion2", "fashionai", "fashion-mnist"):
        assert ingested(dataset, sources / dataset, folder).release
    return folder


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The address of a moto server with the bucket `bucket`, started once."""
    from object_stores import moto_server

    with moto_server() as url:
        yield url


@pytest.fixture
def stub(monkeypatch) -> Iterator["StubStore"]:
    """A stub of a store without faults, with the bucket `bucket`; clients use it."""
    from object_stores import stub_store, use_store

    with stub_store() as store:
        use_store(monkeypatch, store.url)
        yield store

"""A real release of the three sources, generated small, for everything that leaves the house."""

from pathlib import Path

import pytest

from flows.lake import Lake, Release
from flows.pipelines.ingest import ingest
from flows.pipelines.request import IngestRequest
from flows.pipelines.sample import sample_deepfashion2, sample_fashion_mnist, sample_fashionai


def in_this_process(build, jobs):
    """The runner of these tests: no pool, so that nothing is started anew."""
    return map(build, jobs)


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """The generated sources, in folders named like their data sets."""
    folder = tmp_path_factory.mktemp("sources")
    sample_deepfashion2(folder / "deepfashion2", 30, 1)
    sample_fashionai(folder / "fashionai", 10, 1)
    sample_fashion_mnist(folder / "fashion-mnist", 60, 1)
    return folder


@pytest.fixture(scope="session")
def release(sources, tmp_path_factory) -> Release:
    """One release with all of them."""
    lake = tmp_path_factory.mktemp("lake")
    for dataset in ("deepfashion2", "fashionai", "fashion-mnist"):
        request = IngestRequest(dataset, str(sources / dataset), str(lake))
        ingest(request, in_this_process)
    return Lake(lake).release()

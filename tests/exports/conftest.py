"""One release of the three sources, generated small, and a report with every section."""

from pathlib import Path

import pytest
from report_contents import a_full_content

from flows.exports.report import write_report
from flows.lake import Lake
from flows.pipelines.ingest import ingest
from flows.pipelines.request import IngestRequest
from flows.pipelines.sample import write_sample
from flows.release import Release


def in_this_process(build, jobs):
    """The runner of these tests: no pool of processes."""
    return map(build, jobs)


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """The generated sources, in folders named like their data sets."""
    folder = tmp_path_factory.mktemp("sources")
    write_sample("deepfashion2", folder / "deepfashion2", 30, 1)
    write_sample("fashionai", folder / "fashionai", 10, 1)
    write_sample("fashion-mnist", folder / "fashion-mnist", 60, 1)
    return folder


@pytest.fixture(scope="session")
def release(sources, tmp_path_factory) -> Release:
    """One release with all three."""
    lake = tmp_path_factory.mktemp("lake")
    for dataset in ("deepfashion2", "fashionai", "fashion-mnist"):
        request = IngestRequest(dataset, str(sources / dataset), str(lake))
        ingest(request, in_this_process)
    return Lake(lake).release()


@pytest.fixture(scope="session")
def page(tmp_path_factory) -> Path:
    """A report with every section."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, a_full_content())
    return path

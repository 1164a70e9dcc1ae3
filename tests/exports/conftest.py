"""One release of the three sources, generated small, and a report with every section."""

from pathlib import Path

import pytest
from ingesting import ingest_three
from releases import built_once
from report_contents import a_full_content

from flows.exports.report import write_report
from flows.lake import Lake
from flows.release import Release


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """The generated sources, in folders named like their data sets, and their lake."""
    return built_once(tmp_path_factory, "three", ingest_three)


@pytest.fixture(scope="session")
def release(sources) -> Release:
    """One release with all three."""
    return Lake(sources / "lake").release()


@pytest.fixture(scope="session")
def page(tmp_path_factory) -> Path:
    """A report with every section."""
    folder = built_once(
        tmp_path_factory, "report", lambda at: write_report(at / "report.html", a_full_content())
    )
    return folder / "report.html"

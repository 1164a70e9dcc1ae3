"""The demo on a machine without the libraries of the report."""

import sys

import pytest
from command_line import wardrobe
from ingesting import ingested

from flows.cli import demo
from flows.lake import Lake


@pytest.mark.slow
def test_without_the_report_extra_the_demo_ends_with_its_summary(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "SIZES", {"fashion-mnist": 12})
    processes = []

    def run_ingest_flow(request, workers, own_server):
        processes.append(workers)
        return ingested(request.dataset, request.source, request.lake)

    monkeypatch.setattr(demo, "run_ingest_flow", run_ingest_flow)
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    done = wardrobe("demo", tmp_path / "demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert processes == [1]  # a second one would take longer to start than to build anything
    assert f"(release {Lake(tmp_path / 'demo/lake').release().id})" in done.stdout
    assert "Next, run a query:" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("report")]
    assert "not written" in line and "`pip install '.[report]'`" in line
    assert not (tmp_path / "demo/report.html").exists()

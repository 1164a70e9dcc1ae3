"""The demo: sources, a lake and a report, also on a machine without the libraries of the report."""

import sys
from contextlib import contextmanager

import pytest
from command_line import wardrobe

from flows.cli import demo
from flows.cli import ingest as cli_ingest
from flows.lake import Lake
from schemas.datasets import DATASETS


@pytest.mark.slow
def test_the_demo_ingests_every_sample_and_writes_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "SIZES", dict.fromkeys(demo.SIZES, 12))
    stages: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def recorded():
        yield lambda what, done, of, **_: stages.setdefault(what, []).append((done, of))

    for module in (demo, cli_ingest):  # what a terminal shows as bars
        monkeypatch.setattr(module, "progress", recorded)
    # Nothing listens there: the demo needs no server, whatever is configured.
    done = wardrobe("demo", tmp_path / "demo", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for line, dataset in zip(lines, ("deepfashion2", "fashionai", "fashion-mnist"), strict=False):
        assert line.startswith(f"{dataset}: published ")
    assert (tmp_path / "demo" / "report.html").stat().st_size > 10_000
    assert f"(release {Lake(tmp_path / 'demo' / 'lake').release().id})" in done.stdout
    assert " sql --lake " in lines[-5] and lines[-1].endswith(" --prefect")
    drawn = {f"draw {dataset}" for dataset in DATASETS}
    assert stages.keys() == {*drawn, "files", "derive", "report"}
    assert all(events[-1][0] == events[-1][1] for events in stages.values())
    assert not (tmp_path / "demo" / ".prefect").exists()


@pytest.mark.slow
def test_without_the_report_extra_the_demo_ends_with_its_summary(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "SIZES", {"fashion-mnist": 12})
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    done = wardrobe("demo", tmp_path / "demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"(release {Lake(tmp_path / 'demo/lake').release().id})" in done.stdout
    assert "Next, run a query:" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("report")]
    assert "not written" in line and "`pip install '.[report]'`" in line
    assert not (tmp_path / "demo/report.html").exists()

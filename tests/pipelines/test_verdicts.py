"""Verdicts in a run: a check that cannot run blocks; `check` compares stored statistics."""

import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import wardrobe
from ingesting import ingested

from flows.lake import Lake
from flows.pipelines.derive import Audit, derive
from flows.pipelines.outcome import PublicationBlocked
from flows.pipelines.query import check_release
from flows.warehouse import open_warehouse, query, run


@pytest.fixture
def lake(sources, tmp_path):
    """A lake of the Fashion-MNIST sample."""
    ingested("fashion-mnist", sources / "fashion-mnist", tmp_path / "lake")
    return tmp_path / "lake"


def verdict(lake, name):
    (row,) = [row for row in check_release(lake, None).to_pylist() if row["check"] == name]
    return row


def test_a_check_that_cannot_run_publishes_nothing_and_says_why(lake, monkeypatch):
    before = Lake(lake).release().id
    broken = dataclasses.replace(query("leakage"), text="select error('left shift of ' || 64)")
    monkeypatch.setattr(run, "queries", lambda kind: [broken, query("missing_pictures")])
    with pytest.raises(PublicationBlocked) as blocked:
        derive(lake)
    assert Lake(lake).release().id == before
    assert blocked.value.reasons == (
        "leakage could not run: Invalid Input Error: left shift of 64",
    )
    with open_warehouse(Lake(lake).release().tables()) as warehouse:
        failed, other = Audit(run.run_checks(warehouse, statistics=False)).as_records()
    assert failed["failure"] == "Invalid Input Error: left shift of 64"
    assert (failed["check"], failed["severity"], failed["rows"]) == ("leakage", "error", 0)
    assert "failure" not in other
    row = verdict(lake, "leakage")
    assert (row["verdict"], row["rows"]) == ("error", None)
    assert row["example"] == "could not run: Invalid Input Error: left shift of 64"
    assert verdict(lake, "missing_pictures")["verdict"] == "ok"


def test_a_run_does_not_compute_its_statistics_twice_and_a_check_compares_them(lake):
    recorded = {record["check"] for record in Lake(lake).release().manifest.checks}
    assert "duplicate_keys" in recorded
    assert not any(name.startswith("statistics.") for name in recorded)
    name = "statistics.split_totals"
    assert verdict(lake, name)["verdict"] == "ok"

    (path,) = Lake(lake).release().files("statistics/split_totals")
    rows = pq.read_table(path)
    first, *rest = rows.to_pylist()
    path.chmod(0o644)
    wrong = pa.Table.from_pylist([first | {"items": first["items"] + 1}, *rest], rows.schema)
    pq.write_table(wrong, path)
    row = verdict(lake, name)
    assert (row["verdict"], row["rows"]) == ("error", 1)
    assert row["example"].endswith(f"items: stored {first['items'] + 1}, computed {first['items']}")
    done = wardrobe("check", lake=lake)
    assert done.returncode == 1 and name in done.stdout

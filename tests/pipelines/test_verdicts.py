"""Verdicts in a run: a check that cannot run blocks; `check` compares stored statistics."""

import dataclasses
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import wardrobe
from damaged_lakes import copy_of
from ingesting import ingested

from flows.lake import Lake
from flows.pipelines import derive as derivation
from flows.pipelines.audit import Audit
from flows.pipelines.derive import PairSettings, derive
from flows.pipelines.outcome import PublicationBlocked
from flows.pipelines.query import check_release, check_sql, verdict_rows
from flows.warehouse import open_warehouse, query, run
from schemas.errors import InputError


@pytest.fixture(scope="module")
def digits(sources, tmp_path_factory):
    """A lake of the Fashion-MNIST sample. Not to be changed."""
    lake = tmp_path_factory.mktemp("digits") / "lake"
    ingested("fashion-mnist", sources / "fashion-mnist", lake)
    return lake


@pytest.fixture
def lake(digits, tmp_path):
    """The same lake, for a test that changes it."""
    return copy_of(digits, tmp_path / "lake")


def verdict(lake, name):
    with open_warehouse(Lake(lake).release().tables()) as warehouse:
        (row,) = verdict_rows(run.run_checks(warehouse, only=[name])).to_pylist()
    return row


@pytest.mark.slow
def test_a_check_that_cannot_run_publishes_nothing_and_says_why(lake, monkeypatch):
    before = Lake(lake).release().id
    broken = dataclasses.replace(query("leakage"), text="select error('left shift of ' || 64)")
    monkeypatch.setattr(run, "queries", lambda kind: [broken, query("missing_pictures")])
    monkeypatch.setattr(run, "contracts", lambda: ())
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
    rows = {row["check"]: row for row in check_release(lake, None).to_pylist()}
    row = rows["leakage"]
    assert (row["verdict"], row["rows"]) == ("error", None)
    assert row["example"] == "could not run: Invalid Input Error: left shift of 64"
    assert rows["missing_pictures"]["verdict"] == "ok"


@pytest.mark.slow
def test_a_run_does_not_compute_its_statistics_twice_and_a_check_compares_them(lake):
    recorded = {record["check"] for record in Lake(lake).release().manifest.checks}
    assert "items.unique" in recorded
    assert not any(name.startswith("statistics.") for name in recorded)
    name = "statistics.split_totals"
    assert verdict(lake, name)["verdict"] == "ok"

    (path,) = Lake(lake).release().files("statistics/split_totals")
    rows = pq.read_table(path)
    first, *rest = rows.to_pylist()
    wrong = pa.Table.from_pylist([first | {"items": first["items"] + 1}, *rest], rows.schema)
    pq.write_table(wrong, path)
    row = verdict(lake, name)
    assert (row["verdict"], row["rows"]) == ("error", 1)
    assert row["example"].endswith(f"items: stored {first['items'] + 1}, computed {first['items']}")
    verdicts = check_release(lake, None)["verdict"].to_pylist()
    found = verdicts.count("warn") + verdicts.count("error")
    counts = Counter(verdicts).most_common()
    assert {word for word, _ in counts} == {"ok", "not checkable", "warn", "error"}
    done = wardrobe("check", lake=lake)
    assert done.returncode == 1 and name in done.stdout
    assert len(done.stdout.splitlines()) == 2 + found + 1  # header, line, rows
    numbers = ", ".join(f"{count} {word}" for word, count in counts)
    assert done.stdout.endswith(f"\n{len(verdicts)} checks: {numbers}\n")
    for words, rows in ((["--all"], 2 + len(verdicts)), (["--format", "csv"], 1 + len(verdicts))):
        assert len(wardrobe("check", *words, lake=lake).stdout.splitlines()) == rows


@pytest.mark.slow
def test_contracts_of_linked_parts_are_checked_again_when_the_sql_changed(lake, monkeypatch):
    (path,) = Lake(lake).release().files("items")[:1]
    published_bytes = path.stat().st_size
    rows = pq.read_table(path)
    nameless = pa.nulls(rows.num_rows, pa.string())
    position = rows.schema.get_field_index("category_name")
    pq.write_table(rows.set_column(position, "category_name", nameless), path)
    manifest = Lake(lake).release().path / "manifest.json"  # a size that it does not have is damage
    changed = manifest.read_text().replace(f": {published_bytes},", f": {path.stat().st_size},")
    manifest.write_text(changed)
    assert verdict(lake, "items.not_null")["verdict"] == "error"

    def check_linked_parts():
        with Lake(lake).writing() as staging:
            staging.link(staging.parent.manifest.parts)
            derivation.derive_into(staging, PairSettings())

    check_linked_parts()
    monkeypatch.setattr(derivation, "sql_hash", lambda: "of another version")
    with pytest.raises(PublicationBlocked) as blocked:
        check_linked_parts()
    assert [reason.split()[0] for reason in blocked.value.reasons] == ["items.not_null"]


@pytest.mark.slow
def test_an_ingest_checks_the_contracts_of_its_own_parts(sources, lake, monkeypatch):
    checked = []
    part_changes = derivation.part_changes
    monkeypatch.setattr(
        derivation,
        "part_changes",
        lambda *given: checked.append(part_changes(*given)) or checked[-1],
    )
    ingested("fashionai", sources / "fashionai", lake)
    (changes,) = checked
    release = Lake(lake).release()
    assert (
        changes.parts == {p for p in release.manifest.parts if p.startswith("fashionai/")} != set()
    )


def test_the_sql_of_a_check_says_what_it_finds():
    for name, line in {
        "items.unique": "-- Keys of items that several rows have.\n\nselect\n",
        "leakage": "-- Pictures ",
        "statistics.split_totals": "-- Stored rows of the statistic split_totals",
    }.items():
        assert check_sql(name).startswith(line)
    for name, hint in {"items.uniqe": "did you mean items.unique", "split_totals": "not a"}.items():
        with pytest.raises(InputError, match=hint):
            check_sql(name)


def test_the_sql_of_a_check_is_printed_without_a_release(tmp_path):
    done = wardrobe("check", "--sql", "items.box_is_whole", lake=tmp_path / "none")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == check_sql("items.box_is_whole")

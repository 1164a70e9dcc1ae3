"""Queries run to Arrow in whole or in batches; checks run to verdicts."""

import pytest
from builders import garment, photo
from releases import write_files

from flows.warehouse import (
    Verdict,
    all_checks,
    open_warehouse,
    query,
    run_checks,
    run_query,
    stream_query,
)
from schemas.errors import InputError


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    images = [photo(1, "user", 1, width=10, height=10), photo(2, "shop", 1)]
    return open_warehouse(
        write_files(
            tmp_path_factory.mktemp("run"),
            images=images,
            items=[garment(1, 1, box=(0, 0, 12, 5)), garment(2, 1)],
        )
    )


def test_a_query_comes_as_an_arrow_table_with_its_columns(con):
    found = run_query(con, "positive_pairs")
    assert found.num_rows == 1
    assert found.column_names[:3] == ["dataset", "split", "pair_kind"]


def test_the_connection_stays_free_while_a_reader_is_open(con):
    reader = stream_query(con, "positive_pairs")
    other = stream_query(con, "split_totals")
    assert run_query(con, "split_totals").num_rows == 1
    assert reader.read_all().num_rows == other.read_all().num_rows == 1


def test_parameters_are_checked_before_anything_runs(con):
    with pytest.raises(InputError, match="no parameter 'sead'"):
        run_query(con, "negative_pairs", {"sead": 1})


@pytest.mark.slow
def test_all_checks_run_with_their_severity(con):
    verdicts = {verdict.name: verdict for verdict in run_checks(con)}
    outside = verdicts["boxes_outside_image"]
    assert isinstance(outside, Verdict)
    assert (outside.rows, outside.severity, outside.blocks) == (1, "warn", False)
    assert outside.examples[0]["beyond"] == 2.0
    # No landmarks were written, and the items' pairs were not built: our code would have.
    assert verdicts["landmarks_per_category"].rows == 2
    assert verdicts["landmarks_per_category"].blocks
    assert verdicts["pairs_hold_the_rule"].blocks
    assert verdicts["items.unique"].rows == 0
    assert verdicts["items.unique"].examples == ()
    assert all(verdict.seconds >= 0 for verdict in verdicts.values())


def test_checks_can_be_named(con):
    assert [v.name for v in run_checks(con, only=["leakage"])] == ["leakage"]
    with pytest.raises(InputError, match="did you mean leakage"):
        run_checks(con, only=["leakages"])


def test_examples_are_as_many_as_asked_for(con):
    (verdict,) = run_checks(con, examples=0, only=["landmarks_per_category"])
    assert (verdict.rows, verdict.examples) == (2, ())
    (verdict,) = run_checks(con, examples=1, only=["landmarks_per_category"])
    assert [row["image_id"] for row in verdict.examples] == [1]


@pytest.mark.slow
def test_a_check_that_cannot_run_is_a_verdict_and_the_others_run(tmp_path):
    files = write_files(tmp_path, images=[photo(1, "user", 1, image_status="missing")])
    with open_warehouse(files | write_files(tmp_path / "more", items=[garment(1, 1)])) as con:
        (tmp_path / "more/items/dataset=deepfashion2/split=train/part-00000.parquet").unlink()
        verdicts = {verdict.name: verdict for verdict in run_checks(con)}
    assert set(verdicts) == {check.name for check in all_checks()}
    assert verdicts["missing_pictures"].rows == 1
    assert verdicts["leakage"].outcome == "not checkable"  # without hashes
    # A check of severity `warn` blocks too when it could not run: nothing was checked.
    assert query("labels").severity == "warn"
    of_items = ("items.categories", "items.landmarks_visible", "statistics.items_by_category")
    for name in ("labels", *of_items):
        failed = verdicts[name]
        assert (failed.outcome, failed.rows, failed.examples) == ("error", 0, ())
        assert failed.blocks
        assert "part-00000.parquet" in failed.failure
        assert failed.example.startswith("could not run: ")
        assert "Traceback" not in failed.example


def test_a_value_that_the_engine_refuses_is_one_sentence(con):
    with pytest.raises(InputError, match="cannot encode") as caught:
        run_query(con, "triplets", {"seed": "\udcff"})
    assert "\n" not in str(caught.value)

"""NE of a real submission for FashionAI's test set A, with the numbers of a contestant."""

import pyarrow.parquet as pq
import pytest
from command_line import wardrobe
from fashionai_rows import ABSENT, COLUMNS
from ingesting import ingested

pytestmark = pytest.mark.slow

ANSWERS = "fashionAI_key_points_test_a_answer_20180426.csv"
LOST = "Images/skirt/7c3ed30cf6f34e42d43d9e30886969f5.jpg"
"""In test.csv, but neither in the answers nor in the submission."""


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "fashionai" / "r1_test_a"


def rows_of(lake, submission, *words):
    """The scores of the whole command as rows, and what it says on stderr."""
    output = lake.parent / "scores.parquet"
    words = ("--predictions", submission, "--output", output, *words)
    done = wardrobe(
        "evaluate", "landmarks", "--dataset", "fashionai", "--split", "test_a", *words, lake=lake
    )
    assert done.returncode == 0, done.stderr
    return pq.read_table(output).to_pylist(), done.stderr


def test_the_real_submission_has_the_error_that_its_authors_measured(folder, tmp_path):
    assert wardrobe("ingest", "fashionai", folder, lake=tmp_path / "lake").returncode == 0
    submission, details = folder / "submission_noheader.csv", tmp_path / "points.parquet"
    rows, notes = rows_of(
        tmp_path / "lake", submission, "--by", "category,landmark", "--details", details
    )
    assert notes == ""
    errors = {row["category"]: f"{row['score']:.8f}" for row in rows if row["attribute"] == "all"}
    assert errors == {
        "all": "0.04314208",
        "blouse": "0.04185420",
        "outwear": "0.04512365",
        "dress": "0.04428982",
        "skirt": "0.03839689",
        "trousers": "0.04266372",
    }
    by_point = [row for row in rows if row["attribute"] == "landmark"]
    assert (rows[0]["count"], rows[0]["skipped"], rows[0]["missing"]) == (82_408, 34, 0)
    assert len(by_point) == 24 and sum(row["count"] for row in by_point) == 82_408
    assert len(pq.read_table(details)) == 82_408
    rows, _ = rows_of(tmp_path / "lake", submission, "--one-end-absent", "skip")
    assert rows[0]["skipped"] == 34 + 19


def test_the_row_that_the_answers_lost_is_missing_in_the_submission(folder, tmp_path):
    points = dict.fromkeys(COLUMNS[2:], ABSENT)
    points |= {"waistband_left": "100_50_1", "waistband_right": "200_50_1"}
    row = ",".join([LOST, "skirt", *points.values()])
    (tmp_path / ANSWERS).write_text((folder / ANSWERS).read_text() + f"\n{row}\n")
    ingested("fashionai", tmp_path / ANSWERS, tmp_path / "lake")
    rows, notes = rows_of(tmp_path / "lake", folder / "submission_noheader.csv")
    assert f"{rows[0]['score']:.8f}" == "0.04314208"
    assert (rows[0]["count"], rows[0]["missing"]) == (82_408, 1)
    # What the row costs by the contestant's rule.
    assert notes == (
        f"note: images without a prediction: 1 of 9,996 (first: {LOST}); with error 1 for "
        "their visible points (2) NE is 0.04316530\n"
    )

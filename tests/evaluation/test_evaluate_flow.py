"""`wardrobe evaluate` as a flow on a real local server: same output, an artifact, one sentence."""

import json

import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from fashionai_rows import image_id, row, table
from ingesting import ingested
from local_server import local_server

pytestmark = pytest.mark.slow

ENDS = {"waistband_left": "10_10_1", "waistband_right": "10_60_1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with local_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fashionai")
    rows = [row("skirt", 1, **ENDS), row("skirt", 2, **ENDS | {"hemline_left": "5_5_1"})]
    (folder / "answers_b.csv").write_bytes(table(*rows))
    ingested("fashionai", folder / "answers_b.csv", folder / "lake")
    return folder / "lake"


def words_of(lake, submission) -> list[object]:
    """A command that writes scores and details next to the submission."""
    output = ("--output", submission.with_suffix(".json"))
    return [
        *("evaluate", "landmarks", "--dataset", "fashionai", "--split", "test_b", "--lake", lake),
        *("--predictions", submission, "--by", "category", "--one-end-absent", "skip"),
        *(*output, "--details", submission.with_suffix(".parquet")),
    ]


def written(submission):
    """The files of that command."""
    details = pq.read_table(submission.with_suffix(".parquet"))
    scores = json.loads(submission.with_suffix(".json").read_text())
    return scores, details.to_pylist(), details.schema.metadata


def test_a_run_under_prefect_has_the_output_of_a_direct_one_and_an_artifact(server, lake, tmp_path):
    submission = tmp_path / "points.csv"
    submission.write_bytes(table(row("skirt", 1, **ENDS | {"crotch": "7_7_1"})))
    direct = wardrobe(*words_of(lake, submission))
    files = written(submission)
    flow = server.run("flows", *words_of(lake, submission), "--prefect")
    assert (flow.returncode, flow.stderr, flow.stdout) == (0, direct.stderr, direct.stdout)
    assert written(submission) == files
    assert direct.stderr.startswith("note: images without a prediction: 1 of 2 (first: ")
    assert files[0][0]["missing"] == 1 and image_id("skirt", 2) in direct.stderr
    assert json.loads(server.artifact("scores")) == files[0]


def test_refused_predictions_are_the_same_sentence_and_a_failed_run(server, lake, tmp_path):
    submission = tmp_path / "points.csv"
    submission.write_bytes(table(row("skirt", 1), row("skirt", 3)))
    direct = wardrobe(*words_of(lake, submission))
    flow = server.run("flows", *words_of(lake, submission), "--prefect")
    assert is_one_sentence(direct)
    assert (flow.returncode, flow.stderr, flow.stdout) == (2, direct.stderr, direct.stdout)
    newest = {"flows": {"name": {"any_": ["evaluate"]}}, "sort": "START_TIME_DESC", "limit": 1}
    (run,) = server.ask("flow_runs/filter", **newest)
    assert run["state"]["type"] == "FAILED"
    assert "row 2: image_id: " in run["state"]["message"]

"""Flows that take the options of their commands: pair sets and reports."""

from pathlib import Path

import pytest
from command_line import wardrobe
from ingesting import file_hashes, ingested
from local_server import server_of_flows
from scored_releases import a_lake, write_precision_details, write_predictions, write_scores

from flows.derive import derive_flow
from flows.export import report_flow
from flows.lake import Lake
from schemas.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    with server_of_flows(tmp_path_factory.mktemp("server")) as server:
        yield server


def test_pair_sets_are_the_same_under_prefect_and_directly(server, sources, tmp_path):
    lake = str(tmp_path / "flow")
    for folder in (lake, tmp_path / "direct"):
        ingested("deepfashion2", sources / "deepfashion2", Path(folder))
    direct = wardrobe("pairs", "build", "--seed", 7, lake=tmp_path / "direct", PREFECT_API_URL="")
    flow = wardrobe(
        "pairs", "build", "--seed", 7, "--prefect", lake=lake, PREFECT_API_URL=server.url
    )
    assert (direct.returncode, flow.returncode) == (0, 0), flow.stderr
    assert flow.stdout.splitlines()[1:] == direct.stdout.splitlines()[1:]
    assert file_hashes(Path(lake)) == file_hashes(tmp_path / "direct")
    with pytest.raises(InputError, match="unexpected keyword argument 'sead'"):
        derive_flow(lake=lake, pairs={"sead": "7"})


def test_a_report_shows_the_evaluations_of_its_files(tmp_path):
    lake = a_lake(tmp_path)
    path = write_predictions(tmp_path / "boxes.json")
    files = {
        "scores": [str(write_scores(tmp_path / "scores.parquet", path))],
        "details": [str(write_precision_details(tmp_path / "details.parquet", path))],
        "predictions": [str(path)],
    }
    page = tmp_path / "report.html"
    report_flow(str(lake), str(page), Lake(lake).release().id, **files)
    assert "Missed items, the largest first" in page.read_text()
    with pytest.raises(InputError, match="is a file that the command reads"):
        report_flow(str(lake), str(path), **files)

"""The flows in this process, against Prefect's own harness: one server for the session."""

import os
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
from ingesting import file_hashes, ingested, rows_of
from prefect import flow, get_client
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_HOME, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from flows.derive import check_flow, derive_flow
from flows.ingest import PASSWORD_BLOCK, PASSWORD_VARIABLE, ingest_flow, prefect_runner
from flows.lake import Lake
from flows.pipelines.outcome import PublicationBlocked
from flows.pipelines.request import IngestRequest
from flows.runners import worker_pool
from schemas.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session", autouse=True)
def prefect(tmp_path_factory):
    """A temporary server; each of our flows would otherwise wait a second for its heartbeat."""
    os.environ["DO_NOT_TRACK"] = "1"
    home = tmp_path_factory.mktemp("prefect")
    quick = {PREFECT_HOME: home, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with temporary_settings(quick), prefect_test_harness(server_startup_timeout=120):
        yield


def artifacts(key: str) -> list:
    """What was published under a key, newest first."""
    with get_client(sync_client=True) as client:
        return client.request(
            "POST",
            "/artifacts/filter",
            json={"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC"},
        ).json()


def last_state(name: str) -> dict:
    """The state of the newest run of a flow."""
    with get_client(sync_client=True) as client:
        runs = client.request(
            "POST",
            "/flow_runs/filter",
            json={"flows": {"name": {"any_": [name]}}, "sort": "START_TIME_DESC", "limit": 1},
        ).json()
    return runs[0]["state"]


def test_the_same_bytes_come_out_under_prefect_and_directly(sources, tmp_path):
    summary = ingest_flow(
        dataset="deepfashion2",
        source=str(sources / "deepfashion2"),
        lake=str(tmp_path / "flow"),
        workers=2,
    )
    ingested("deepfashion2", sources / "deepfashion2", tmp_path / "direct")
    assert file_hashes(tmp_path / "flow") == file_hashes(tmp_path / "direct")
    assert summary.release in artifacts("ingest-summary")[0]["data"]
    assert '"split": "train"' in artifacts("split-totals")[0]["data"]
    assert "items.unique" in artifacts("checks")[0]["data"]


def test_the_parameters_of_the_flow_are_the_fields_of_the_request():
    properties = ingest_flow.parameters.properties
    assert list(properties) == [*(field.name for field in fields(IngestRequest)), "workers"]
    assert ingest_flow.parameters.required == ["dataset", "source"]
    assert properties["lake"]["default"] == "lake"


def test_derive_and_check_flows_work_on_what_was_ingested(sources, tmp_path):
    ingested("deepfashion2", sources / "deepfashion2", tmp_path / "lake")
    assert "nothing changed" in derive_flow(lake=str(tmp_path / "lake")).sentence
    check_flow(lake=str(tmp_path / "lake"))


def test_a_run_that_publishes_nothing_fails_and_says_what_to_do(sources, tmp_path):
    source = tmp_path / "source" / "train" / "annos"
    source.mkdir(parents=True)
    (source / "000001.json").write_text("{")
    with pytest.raises(PublicationBlocked, match="--allow-refused train"):
        ingest_flow("deepfashion2", str(tmp_path / "source"), str(tmp_path / "lake"), workers=1)
    state = last_state("ingest")
    assert state["type"] == "FAILED"
    assert "allow it with --allow-refused train" in state["message"]
    assert "--allow-refused train" in artifacts("ingest-summary")[0]["data"]


def test_a_source_that_does_not_exist_is_a_sentence_in_the_state_of_the_run(tmp_path):
    with pytest.raises(InputError):
        ingest_flow("deepfashion2", str(tmp_path / "nowhere"), str(tmp_path / "lake"), workers=1)
    assert "does not exist: give a folder" in last_state("ingest")["message"]


def parts_built(build, *, timeout: float = 60) -> list:
    """Run one part through the Prefect layer, with the shortest of delays."""

    class Job:
        class part:
            name = "deepfashion2/train/00000"

    @flow(name="parts")
    def parts():
        with ThreadPoolExecutor(1) as pool:
            return list(prefect_runner(pool, first_delay=0.01, timeout=timeout)(build, [Job]))

    return parts()


def test_what_a_disk_refuses_is_tried_again_and_succeeds():
    tries = []

    def build(job):
        tries.append(job)
        if len(tries) < 3:
            raise OSError("stale file handle")
        return "receipt"

    assert parts_built(build) == ["receipt"]
    assert len(tries) == 3


def test_a_disk_that_stays_broken_is_given_up():
    tries = []

    def build(job):
        tries.append(job)
        raise OSError("stale file handle")

    with pytest.raises(OSError, match="stale"):
        parts_built(build)
    assert len(tries) == 4


def test_a_bug_is_not_tried_again():
    tries = []

    def build(job):
        tries.append(job)
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        parts_built(build)
    assert len(tries) == 1


def test_a_part_that_hangs_is_given_up_with_its_name():
    import threading

    over = threading.Event()
    try:
        with pytest.raises(TimeoutError, match="train/00000 was not built within 0 seconds"):
            parts_built(lambda job: over.wait(0.5), timeout=0.01)
    finally:
        over.set()


def die(job) -> None:
    os._exit(1)


def test_a_worker_that_the_system_ends_is_a_sentence():
    with (
        pytest.raises(InputError, match="with fewer workers"),
        worker_pool(1) as pool,
    ):
        pool.submit(die, None).result()


@pytest.fixture
def encrypted(sources, tmp_path) -> Path:
    """A source whose only split is in a zip with a password."""
    pyzipper = pytest.importorskip("pyzipper")
    with pyzipper.AESZipFile(
        tmp_path / "validation.zip", "w", zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(b"open sesame")
        for path in sorted((sources / "deepfashion2" / "validation").rglob("*.*")):
            archive.write(path, path.relative_to(sources / "deepfashion2"))
    return tmp_path / "validation.zip"


def test_the_password_of_zips_comes_from_a_secret_block(encrypted, tmp_path, monkeypatch, caplog):
    from prefect.blocks.system import Secret

    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    lake = tmp_path / "lake"
    with pytest.raises(InputError, match="WARDROBE_ZIP_PASSWORD"):
        ingest_flow("deepfashion2", str(encrypted), str(lake), workers=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Secret(value="open sesame").save(PASSWORD_BLOCK)
    ingest_flow("deepfashion2", str(encrypted), str(lake), workers=2)
    assert rows_of(lake, "select count(*) from images") == [(6,)]
    assert PASSWORD_VARIABLE not in os.environ
    assert "sesame" not in caplog.text
    assert "sesame" not in (Lake(lake).release().path / "manifest.json").read_text()
    with get_client(sync_client=True) as client:
        logs = client.request("POST", "/logs/filter", json={}).text
        runs = client.request("POST", "/flow_runs/filter", json={}).text
    assert "sesame" not in logs + runs

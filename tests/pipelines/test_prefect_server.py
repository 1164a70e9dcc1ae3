"""Flows on a real local server: in this process, on a schedule, overlapping and cancelled."""

import os
import threading
import warnings
import zipfile
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from ingesting import file_hashes, ingested, rows_of
from local_server import SLOW, parts_built, server_of_flows, until, write_slow_source
from prefect.workers.process import ProcessWorker

from flows import ingest as ingest_module
from flows.cli import demo
from flows.cli import ingest as cli_ingest
from flows.derive import check_flow, derive_flow
from flows.ingest import PASSWORD_BLOCK, PASSWORD_VARIABLE, ingest_flow
from flows.lake import Lake, last_failure, last_success
from flows.nightly import nightly_flow
from flows.pipelines.outcome import PublicationBlocked
from flows.pipelines.request import IngestRequest
from schemas.datasets import DATASETS
from schemas.errors import InputError

ALL = range(9)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    with server_of_flows(tmp_path_factory.mktemp("server")) as server:
        yield server


def test_the_same_bytes_come_out_under_prefect_and_directly(server, sources, tmp_path):
    source, lake = str(sources / "deepfashion2"), str(tmp_path / "flow")
    summary = ingest_flow(dataset="deepfashion2", source=source, lake=lake, workers=1)
    ingested("deepfashion2", Path(source), tmp_path / "direct")
    assert file_hashes(Path(lake)) == file_hashes(tmp_path / "direct")
    assert summary.release in server.artifact("ingest-summary")
    assert '"split": "train"' in server.artifact("split-totals")
    assert "items.unique" in server.artifact("checks")
    assert "nothing changed" in derive_flow(lake=lake).sentence
    check_flow(lake=lake)


def test_a_run_that_publishes_nothing_fails_and_says_what_to_do(server, tmp_path):
    source = tmp_path / "source" / "train" / "annos"
    source.mkdir(parents=True)
    (source / "000001.json").write_text("{")
    with pytest.raises(PublicationBlocked, match="--allow-refused train"):
        ingest_flow("deepfashion2", str(tmp_path / "source"), str(tmp_path / "lake"), workers=1)
    run = server.last_ingest()
    assert run["state"]["type"] == "FAILED"
    assert "allow it with --allow-refused train" in run["state"]["message"]
    assert "--allow-refused train" in server.artifact("ingest-summary")
    log = server.log_of(run["id"])
    assert "allow it with --allow-refused train" in log and "Traceback" not in log


def test_a_source_that_does_not_exist_is_a_sentence_of_the_run_and_of_the_command(server, tmp_path):
    words = ("ingest", "deepfashion2", tmp_path / "nowhere", "--prefect")
    done = wardrobe(*words, lake=tmp_path / "lake", PREFECT_API_URL=server.url)
    assert is_one_sentence(done) and "does not exist" in done.stderr
    with pytest.raises(InputError):
        ingest_flow("deepfashion2", str(tmp_path / "nowhere"), str(tmp_path / "lake"), workers=1)
    assert "does not exist: give a folder" in server.last_ingest()["state"]["message"]


def test_a_night_ingests_checks_exports_and_reports(server, sources, tmp_path):
    source, lake = str(sources / "fashion-mnist"), tmp_path / "lake"
    output = str(tmp_path / "set")
    export = dict(dataset="fashion-mnist", split="train", task="classification", output=output)
    night = {"lake": str(lake), "exports": [export], "report": str(tmp_path / "report.html")}
    nightly_flow({"fashion-mnist": source}, workers=1, **night)
    release = Lake(lake).release()
    train = [file.rows for file in release.manifest.of("images") if "split=train" in file.path]
    shards = list((tmp_path / "set").rglob("*.parquet"))
    assert sum(pq.read_metadata(path).num_rows for path in shards) == sum(train)
    assert release.id in (tmp_path / "report.html").read_text()
    before = {path: path.stat().st_mtime_ns for path in shards}

    broken = {"deepfashion2": str(tmp_path / "nowhere"), "fashion-mnist": source}
    state = nightly_flow(broken, workers=1, **night, return_state=True)
    assert state.is_failed()
    assert (
        state.message == f"{tmp_path / 'nowhere'} does not exist: give a folder, a zip or a file."
    )
    assert last_success(lake).time > last_failure(lake).time > release.manifest.created
    assert {path: path.stat().st_mtime_ns for path in shards} == before
    assert "Traceback" not in server.log_of(str(state.state_details.flow_run_id))

    export["siez"] = 320
    with pytest.raises(InputError, match="'siez'"):
        nightly_flow({"fashion-mnist": source}, workers=1, **night)


def test_the_password_of_zips_comes_from_a_secret_block(
    server, sources, tmp_path, monkeypatch, caplog
):
    from prefect.blocks.system import Secret

    pyzipper = pytest.importorskip("pyzipper")
    encrypted, lake = tmp_path / "validation.zip", tmp_path / "lake"
    with pyzipper.AESZipFile(
        encrypted, "w", zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(b"open sesame")
        for path in sorted((sources / "deepfashion2" / "validation").rglob("*.*")):
            archive.write(path, path.relative_to(sources / "deepfashion2"))
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    with pytest.raises(InputError, match="WARDROBE_ZIP_PASSWORD"):
        ingest_flow("deepfashion2", str(encrypted), str(lake), workers=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Secret(value="open sesame").save(PASSWORD_BLOCK)
    ingest_flow("deepfashion2", str(encrypted), str(lake), workers=1)
    assert rows_of(lake, "select count(*) from images") == [(6,)]
    assert PASSWORD_VARIABLE not in os.environ
    assert "sesame" not in caplog.text
    assert "sesame" not in (Lake(lake).release().path / "manifest.json").read_text()
    known = [server.ask(f"{kind}/filter", limit=200) for kind in ("logs", "flow_runs")]
    assert all(known) and "sesame" not in str(known)


def test_the_demo_ingests_every_sample_and_writes_a_report(server, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "SIZES", dict.fromkeys(demo.SIZES, 12))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    stages: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def recorded():
        yield lambda what, done, of, **_: stages.setdefault(what, []).append((done, of))

    for module in (demo, cli_ingest):  # what a terminal shows as bars
        monkeypatch.setattr(module, "progress", recorded)
    done = wardrobe("demo", tmp_path / "demo", PREFECT_API_URL=server.url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for line, dataset in zip(lines, ("deepfashion2", "fashionai", "fashion-mnist"), strict=False):
        assert line.startswith(f"{dataset}: published ")
    assert (tmp_path / "demo" / "report.html").stat().st_size > 10_000
    assert f"(release {Lake(tmp_path / 'demo' / 'lake').release().id})" in done.stdout
    assert " sql --lake " in lines[-1]
    drawn = {f"draw {dataset}" for dataset in DATASETS}
    assert stages.keys() == {*drawn, "start Prefect", "files", "derive", "report"}
    assert all(events[-1][0] == events[-1][1] for events in stages.values())


@pytest.mark.parametrize(
    ("failing", "error", "tries", "count"),
    [({1, 2}, OSError, 3, 1), (ALL, OSError, 4, 1), (ALL, ValueError, 1, 1), ({2}, OSError, 4, 3)],
    ids=["a disk that recovers", "a disk that stays broken", "a bug", "a group of parts"],
)
def test_what_a_disk_refuses_is_tried_again(failing, error, tries, count, monkeypatch):
    monkeypatch.setattr(ingest_module, "MOST_TASKS", 1)
    jobs = []

    def build(job):
        jobs.append(job)
        if len(jobs) in failing:
            raise error("stale file handle")
        return "receipt"

    if len(failing) < tries:
        assert parts_built(build, count=count) == ["receipt"] * count
    else:
        with pytest.raises(error, match="stale"):
            parts_built(build)
    assert len(jobs) == tries


def test_a_part_that_hangs_is_given_up_with_its_name():
    over = threading.Event()
    try:
        with pytest.raises(TimeoutError, match="train/00000 was not built within 0 seconds"):
            parts_built(lambda job: over.wait(0.5), timeout=0.01)
    finally:
        over.set()


@pytest.fixture(scope="module")
def worker(server):
    """A worker for the deployments of prefect.yaml, as the README starts it."""
    template = ProcessWorker.get_default_base_job_template()
    server.ask("work_pools/", name="wardrobe", type="process", base_job_template=template)
    deployed = server.run("prefect", "--no-prompt", "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    with server.running(
        "prefect", "worker", "start", "--pool", "wardrobe", "--limit", 1
    ) as process:
        yield process


def test_a_schedule_fires_by_itself_and_publishes(server, sources, tmp_path):
    lake = tmp_path / "lake"
    with server.running("served_soon", "fashion-mnist", sources / "fashion-mnist", lake):

        def succeeded() -> list:
            """a scheduled run succeeds"""
            assert not server.scheduled_runs("FAILED", "CRASHED")
            return server.scheduled_runs("COMPLETED")

        run = until(succeeded)[-1]
    published = server.ask("artifacts/filter", artifacts={"flow_run_id": {"any_": [run["id"]]}})
    keys = {artifact["key"] for artifact in published}
    assert keys == {"ingest-summary", "split-totals", "checks"}
    ingested("fashion-mnist", sources / "fashion-mnist", tmp_path / "direct")
    assert file_hashes(lake) == file_hashes(tmp_path / "direct")


def test_runs_that_overlap_or_are_cancelled_leave_the_old_release(
    server, worker, sources, tmp_path
):
    slow_source = write_slow_source(tmp_path / SLOW)
    small = sources / "fashion-mnist"
    first = ingested("fashion-mnist", small, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    places = {"source": str(slow_source), "lake": str(lake.root)}
    run = server.start_run("ingest/deepfashion2", **places, workers=1)

    def half_way() -> bool:
        """the run has written a part"""
        assert server.state(run)["type"] in ("SCHEDULED", "PENDING", "RUNNING")
        return any((lake.root / "staging").glob("*/items/dataset=deepfashion2/*/*.parquet"))

    until(half_way)
    places["source"] = str(small)
    queued = server.start_run("ingest/fashion-mnist", **places, workers=1)
    other = wardrobe("ingest", "deepfashion2", slow_source, "--workers", 1, lake=lake.root)
    assert is_one_sentence(other)
    assert other.stderr.startswith(f"wardrobe: {lake.root} is being written by ")
    assert other.stderr.endswith("try again later, or pass --wait.\n")
    assert server.state(run)["type"] == "RUNNING"
    assert server.state(queued)["type"] == "SCHEDULED"
    assert lake.release().id == first.release

    server.ask(f"flow_runs/{run}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})

    def over() -> bool:
        """the run is cancelled"""
        return server.state(run)["type"] == "CANCELLED"

    until(over)
    assert lake.release().id == first.release
    assert lake.verify() == []

    def followed() -> bool:
        """the second run follows when the first is over"""
        assert server.state(queued)["type"] not in ("FAILED", "CRASHED", "CANCELLED")
        return server.state(queued)["type"] == "COMPLETED"

    until(followed)
    assert lake.release().id == first.release
    assert list((lake.root / "staging").iterdir()) == []


def test_a_refusal_in_the_process_of_a_worker_is_a_sentence_without_a_traceback(server, worker):
    run = server.start_run("ingest/fashionai", source="/not/mounted", lake="/not/a/lake")

    assert "Traceback" not in server.log_of(run)
    assert "/not/mounted does not exist" in server.state(run)["message"]


def test_deployments_say_what_they_take(server, worker):
    deployments = {
        deployment["name"]: deployment["parameter_openapi_schema"]["properties"]
        for deployment in server.ask("deployments/filter", limit=50)
        if deployment["work_pool_name"] == "wardrobe"
    }
    single = {*DATASETS, "derive", "check", "training", "report"}
    assert set(deployments) == {"all", *single}
    options = [field.name for field in fields(IngestRequest)]
    assert list(deployments["deepfashion2"]) == [*options, "workers", "master"]
    nightly = server.ask("deployments/name/nightly/all")
    (schedule,) = nightly["schedules"]
    assert schedule["active"] and schedule["schedule"]["cron"] == "0 3 * * *"

    def waiting() -> list:
        """the next nights are scheduled, with nothing done but `prefect deploy`"""
        of_deployment = {"id": {"any_": [nightly["id"]]}}
        return server.ask("flow_runs/filter", deployments=of_deployment)

    assert {run["state_type"] for run in until(waiting)} == {"SCHEDULED"}

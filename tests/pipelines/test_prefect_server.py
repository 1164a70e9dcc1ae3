"""A real local server: a schedule fires by itself, runs overlap, a run is cancelled half-way."""

import json
import os
from dataclasses import fields

import numpy as np
import pytest
from ingesting import file_hashes, ingested
from local_server import LocalServer, local_server, until
from PIL import Image
from whole_ingests import PART

from flows.lake import Lake
from flows.pipelines.request import IngestRequest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with local_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def worker(server):
    """A worker for the deployments of prefect.yaml, made as the README says."""
    made = server.run("prefect", "work-pool", "create", "wardrobe", "--type", "process")
    assert made.returncode == 0, made.stdout + made.stderr
    deployed = server.run("prefect", "--no-prompt", "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    with server.running(
        "prefect", "worker", "start", "--pool", "wardrobe", "--limit", 1
    ) as process:
        yield process


@pytest.fixture(scope="module")
def slow_source(tmp_path_factory):
    """A DeepFashion2 source of two parts that takes a while: its one picture has 36 megapixels."""
    train = tmp_path_factory.mktemp("slow") / "train"
    (train / "image").mkdir(parents=True)
    (train / "annos").mkdir()
    picture = train / "image" / "000001.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((6_000, 6_000)).save(picture)
    for number in (1, *range(PART, PART + 300)):
        if number != 1:
            os.link(picture, picture.with_stem(f"{number:06d}"))
        document = train / "annos" / f"{number:06d}.json"
        document.write_text(json.dumps({"source": "shop", "pair_id": 1}))
    return train.parent


def scheduled_runs(server: LocalServer, *types: str) -> list[dict]:
    """Runs that a schedule started, in a state of these types."""
    runs = server.ask("flow_runs/filter", flow_runs={"state": {"type": {"any_": list(types)}}})
    return [run for run in runs if run["auto_scheduled"]]


def artifacts(server: LocalServer, run: str) -> set[str]:
    """The keys of what a run published for the pages of the server."""
    published = server.ask("artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
    return {artifact["key"] for artifact in published}


def test_a_schedule_fires_by_itself_and_publishes(server, sources, tmp_path):
    lake = tmp_path / "lake"
    with server.running("served_soon", "fashionai", sources / "fashionai", lake):

        def succeeded() -> list:
            """a scheduled run succeeds"""
            assert not scheduled_runs(server, "FAILED", "CRASHED")
            return scheduled_runs(server, "COMPLETED")

        run = until(succeeded)[-1]
    assert artifacts(server, run["id"]) == {"ingest-summary", "split-totals", "checks"}
    ingested("fashionai", sources / "fashionai", tmp_path / "direct")
    assert file_hashes(lake) == file_hashes(tmp_path / "direct")


def test_runs_that_overlap_or_are_cancelled_leave_the_old_release(
    server, worker, slow_source, sources, tmp_path
):
    first = ingested("fashionai", sources / "fashionai", tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    places = {"source": str(slow_source), "lake": str(lake.root)}
    run = server.start_run("ingest/deepfashion2", **places, verify_images=True, workers=2)

    def half_way() -> bool:
        """the run has written a part"""
        assert server.state(run)["type"] in ("SCHEDULED", "PENDING", "RUNNING")
        return any((lake.root / "staging").glob("*/items/dataset=deepfashion2/*/*.parquet"))

    until(half_way)
    queued = server.start_run(
        "ingest/fashionai", source=str(sources / "fashionai"), lake=str(lake.root)
    )
    other = server.run("flows", "ingest", "deepfashion2", slow_source, "--lake", lake.root)
    assert other.returncode == 2
    assert other.stdout == ""
    assert other.stderr.startswith(f"wardrobe: {lake.root} is being written by ")
    assert other.stderr.endswith("try again later, or pass --wait.\n")
    assert other.stderr.count("\n") == 1
    assert server.state(run)["type"] == "RUNNING"
    assert server.state(queued)["type"] == "SCHEDULED"
    assert lake.release().id == first.release

    cancelled = server.run("prefect", "flow-run", "cancel", run)
    assert cancelled.returncode == 0, cancelled.stderr

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


def test_deployments_say_what_they_take(server, worker):
    deployments = {
        deployment["name"]: deployment["parameter_openapi_schema"]["properties"]
        for deployment in server.ask("deployments/filter", limit=50)
        if deployment["work_pool_name"] == "wardrobe"
    }
    assert set(deployments) == {"deepfashion2", "fashionai", "fashion-mnist", "derive", "check"}
    options = [field.name for field in fields(IngestRequest)]
    assert list(deployments["deepfashion2"]) == [*options, "workers"]

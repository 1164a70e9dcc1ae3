"""A Spark standalone cluster on loopback: whole ingests, also when its processes are killed."""

import os
import signal
import threading
from functools import partial

import pytest
from held_parts import build_held_part
from ingesting import file_hashes, ingested
from spark_cluster import require_spark, spark_cluster, wait_until
from whole_ingests import require_nothing_left, spread

from flows.lake import Lake
from flows.pipelines.ingest import ingest
from flows.pipelines.request import IngestRequest
from flows.pipelines.sample import write_sample
from flows.runners import spark_runner

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path):
    require_spark()
    with spark_cluster(tmp_path) as cluster:
        yield cluster


def test_a_release_is_the_same_when_an_executor_and_a_worker_are_killed(cluster, tmp_path):
    source = tmp_path / "source"
    write_sample("deepfashion2", source, 24, 5)
    spread(source, 2)
    held = tmp_path / "held"
    held.mkdir()

    def run(build, jobs):
        return spark_runner(cluster.url, 4)(partial(build_held_part, held), jobs)

    def kill():
        wait_until(lambda: len(list(held.iterdir())) > 1, "no two parts are being built")
        killed = cluster.executors()[0]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(list(held.iterdir())) > 2, "no part was repeated")
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        (held / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    ingest(IngestRequest("deepfashion2", str(source), str(tmp_path / "lake")), run)
    killer.join()
    ingested("deepfashion2", source, tmp_path / "undisturbed")
    assert file_hashes(tmp_path / "lake") == file_hashes(tmp_path / "undisturbed")
    assert cluster.workers[0].poll() == -signal.SIGKILL
    require_nothing_left(Lake(tmp_path / "lake"))

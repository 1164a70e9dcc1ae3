"""The runner of Spark: the files of the local pool, and errors as they were raised."""

import os
import pickle
import signal
import sys
import time
from functools import partial

import pyarrow as pa
import pytest
from command_line import is_one_sentence, wardrobe
from ingesting import file_hashes
from spark_cluster import require_spark, wait_until
from whole_ingests import require_nothing_left, spread, start_wardrobe

from flows.decode import DECODERS
from flows.lake import Lake
from flows.pipelines.ingest import ingest
from flows.pipelines.parts import PartJob, build_part
from flows.pipelines.request import IngestRequest
from flows.pipelines.sample import write_sample
from flows.pipelines.source import Source
from flows.runners import spark_pool, spark_runner
from schemas.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def spark():
    require_spark()


def test_a_release_of_spark_is_byte_identical_with_one_of_the_local_pool(sources, lake, tmp_path):
    for dataset in DECODERS:
        request = IngestRequest(dataset, str(sources / dataset), str(tmp_path / "lake"))
        assert ingest(request, spark_runner("local[2]", 4)).run["parts_built"] > 0
    assert file_hashes(tmp_path / "lake") == file_hashes(lake)


def test_an_executor_raises_what_the_call_raises(sources, tmp_path, monkeypatch):
    request = IngestRequest("fashionai", str(sources / "fashionai"))
    part = Source.read(request, None, tmp_path).plan.changed[0]
    (tmp_path / "only_here.py").write_text("def answer():\n    return 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", "secret")
    with spark_pool("local[2]", 4) as pool:
        variable = pool.submit(os.getenv, "WARDROBE_ZIP_PASSWORD")
        hidden = pool.submit(build_part, PartJob(part, request.location, tmp_path / "absent"))
        missing = pool.submit(os.stat, "/nonexistent")
        bug = pool.submit(int, "x")
        elsewhere = pool.submit(only_here.answer)
        assert variable.result() == "secret"
        with pytest.raises(InputError, match=r"has no folder .*absent: lake and source have to be"):
            hidden.result()
        with pytest.raises(FileNotFoundError) as failure:
            missing.result()
        assert failure.value.filename == "/nonexistent"
        with pytest.raises(ValueError, match="invalid literal") as failure:
            bug.result()
        assert "Traceback" in failure.value.__notes__[0]
        with pytest.raises(InputError, match="No module named 'only_here': install wardrobe-lake"):
            elsewhere.result()


def test_an_executor_with_another_version_is_refused(monkeypatch):
    monkeypatch.setattr("flows.runners.spark.version", lambda name: "0.0.1")
    with (
        pytest.raises(InputError, match=r"wardrobe-lake is .*, not 0\.0\.1: install"),
        spark_pool("local[2]") as pool,
    ):
        pool.submit(int, 1).result()


def test_a_failure_cancels_the_calls_that_run():
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), spark_pool("local[2]", 4) as pool:
        futures = [pool.submit(time.sleep, 600) for _ in range(6)]
        wait_until(lambda: any(future.running() for future in futures), "no call runs")
        raise KeyboardInterrupt
    assert all(future.done() for future in futures)
    assert time.monotonic() - began < 300


def test_a_task_runs_where_this_package_is_not_installed(monkeypatch):
    from pyspark import cloudpickle

    from flows.runners.spark import _task

    data = cloudpickle.dumps(_task({}, {}))
    for name in ("flows", "flows.runners", "flows.runners.spark", "schemas"):
        monkeypatch.setitem(sys.modules, name, None)
    call = pa.record_batch([[pickle.dumps(partial(int, "7"))]], ["call"])
    (answer,) = pickle.loads(data)([call])
    assert pickle.loads(answer.column(0)[0].as_py()) == (7, None)


def test_a_master_needs_the_engine(sources, tmp_path):
    words = ("ingest", "fashionai", sources / "fashionai", "--lake", tmp_path / "lake")
    refused = wardrobe(*words, "--master", "local[2]")
    assert is_one_sentence(refused)
    assert "add --engine spark" in refused.stderr


def test_ctrl_c_stops_the_jobs_and_leaves_nothing(tmp_path):
    source, root = tmp_path / "source", tmp_path / "lake"
    write_sample("deepfashion2", source, 60, 5)
    spread(source, 12)
    words = ("--engine", "spark", "--master", "local[2]", "--workers", 2, "--lake", root)
    process = start_wardrobe("ingest", "deepfashion2", source, *words)
    staged = (root / "staging").glob
    wait_until(lambda: process.poll() is not None or any(staged("*/images/*/*/*.parquet")), "none")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, "", "wardrobe: stopped\n")
    require_nothing_left(Lake(root))

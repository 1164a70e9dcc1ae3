"""The command with Prefect: the same output, no network, one sentence for an error."""

import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest
from command_line import is_one_sentence, wardrobe
from local_server import write_slow_source
from whole_ingests import run_wardrobe, start_wardrobe

from flows.lake import Lake
from flows.pipelines.request import IngestRequest
from flows.runners import worker_pool
from schemas.errors import InputError

AUDIT = """
import os, sys

def note(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "a local socket"
    else:
        return
    with open(os.environ["NETWORK_LOG"], "a") as log:
        log.write(f"{host}\\n")

sys.addaudithook(note)
"""
"""Runs in every process of a command, the temporary server among them."""


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("prefect")


def test_a_run_through_prefect_prints_what_a_direct_one_does_and_reaches_nobody(
    home, sources, tmp_path
):
    (home / "sitecustomize.py").write_text(AUDIT)
    paths = os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")])
    words = ("ingest", "fashion-mnist", sources / "fashion-mnist", "--workers", 1)
    words = (*words, "--log-format", "json", "--lake")
    done = run_wardrobe(
        *words,
        tmp_path / "lake",
        "--prefect",
        PREFECT_HOME=str(home),
        PYTHONPATH=paths,
        NETWORK_LOG=str(home / "network"),
    )
    assert done.returncode == 0, done.stderr
    direct = wardrobe(*words, tmp_path / "direct")
    assert done.stdout.splitlines()[1:] == direct.stdout.splitlines()[1:]
    events, direct_events = (
        [json.loads(line) for line in ended.stderr.splitlines()] for ended in (done, direct)
    )
    assert [event["event"] for event in events[:2]] == ["start Prefect", "start Prefect"]
    assert [e["event"] for e in events[2:]] == [e["event"] for e in direct_events]
    assert events[-1]["rows"] == direct_events[-1]["rows"]
    assert events[-1]["outcome"] == "published"
    reached = set((home / "network").read_text().split("\n")) - {""}
    assert reached <= {"127.0.0.1", "localhost", "::1", "a local socket"}


@pytest.mark.parametrize(
    "words", [["ingest"], ["serve", "--cron", "0 3 * * *"]], ids=["ingest", "serve"]
)
def test_a_server_that_does_not_answer_is_a_sentence(words, sources, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        words = [*words, "fashionai", sources / "fashionai"]
        done = wardrobe(*words, lake=tmp_path, PREFECT_API_URL=url)
    assert is_one_sentence(done)
    assert done.stderr.startswith(f"wardrobe: no Prefect server answers at {url}")


def test_the_profile_that_names_a_dead_server_is_named_with_the_command_that_clears_it(
    sources, tmp_path
):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        profiles = f'active = "work"\n[profiles.work]\nPREFECT_API_URL = "{url}"\n'
        (tmp_path / "profiles.toml").write_text(profiles)
        home = {"PREFECT_HOME": str(tmp_path)}
        words = ("ingest", "fashionai", sources / "fashionai")
        done = wardrobe(*words, lake=tmp_path / "lake", **home)
        assert is_one_sentence(done)
        assert f"answers at {url}, the URL of the Prefect profile 'work'" in done.stderr
        command = done.stderr.split("`")[-2]
        assert command == "prefect --profile work config unset -y PREFECT_API_URL"
        # A small demo in a process of its own: Prefect reads its settings once.
        small = "from flows.cli import demo, main; demo.SIZES = {'fashion-mnist': 20}; main()"
        ended = subprocess.run(
            [sys.executable, "-c", small, "demo", tmp_path / "demo"],
            env={**os.environ, **home},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "fashion-mnist: published " in ended.stdout
    subprocess.run([sys.executable, "-m", *command.split()], env={**os.environ, **home}, check=True)
    assert wardrobe(*words, "--dry-run", lake=tmp_path / "lake", **home).returncode == 0
    assert url not in (tmp_path / "profiles.toml").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--cron", "every night", "fashionai", "SOURCE"], "'every night' is not a cron line"),
        (["--cron", "0 3 * * *", "fashionai", "/nowhere"], "/nowhere does not exist"),
        (["--cron", "0 3 * * *", "--timezone", "Europe", "fashionai", "SOURCE"], "'Europe' is not"),
        (["--cron", "0 3 * * *", "--timezone", "CEST", "fashionai", "SOURCE"], "'CEST' is not"),
        (["--cron", "0 3 * * *", "--split", "best", "fashionai", "SOURCE"], "no split best"),
    ],
)
def test_a_schedule_that_could_never_work_is_refused_at_once(words, says, sources, tmp_path):
    words = [word.replace("SOURCE", str(sources / "fashionai")) for word in words]
    with socket.create_server(("127.0.0.1", 0)) as answering:
        url = f"http://127.0.0.1:{answering.getsockname()[1]}/api"
        home = {"PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": url}
        done = wardrobe("serve", *words, lake=tmp_path / "lake", **home)
    assert is_one_sentence(done) and says in done.stderr


def test_serve_takes_every_option_of_an_ingest_and_a_time_zone(sources, tmp_path, monkeypatch):
    from prefect import Flow

    from flows.ingest import ingest_flow

    served = {}
    monkeypatch.setattr(Flow, "serve", lambda flow, **options: served.update(options, flow=flow))
    (tmp_path / "list.txt").write_text("")
    (tmp_path / "password").write_text("open sesame")
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", "")
    words = [
        *("--cron", "0 3 * * *", "--timezone", "Europe/Zurich", "--no-verify-images"),
        *("--embed-images", "--strict", "--prune", "--wait", "--resume", "--split", "train"),
        *("--allow-shrink", "train", "--allow-refused", "train", "--workers", "2"),
        *("--engine", "spark", "--master", "local[2]"),
        *("--side-file", tmp_path / "list.txt", "--password-file", tmp_path / "password"),
    ]
    source = sources / "deepfashion2"
    with socket.create_server(("127.0.0.1", 0)) as answering:
        url = f"http://127.0.0.1:{answering.getsockname()[1]}/api"
        done = wardrobe("serve", *words, "deepfashion2", source, lake="lake", PREFECT_API_URL=url)
    assert done.returncode == 0, done.stderr
    assert os.environ["WARDROBE_ZIP_PASSWORD"] == ""
    request = inspect.signature(ingest_flow).bind(**served["parameters"]).arguments
    assert request.keys() == ingest_flow.parameters.properties.keys()
    assert (request["verify_images"], request["embed_images"]) == (False, True)
    assert request["side_files"] == [str(tmp_path / "list.txt")]
    assert request["lake"] == str(Path("lake").absolute())
    schedule = served["schedule"]
    assert (schedule.cron, schedule.timezone) == ("0 3 * * *", "Europe/Zurich")
    assert schedule.active


def test_the_parameters_of_the_flow_are_the_fields_of_the_request():
    from flows.ingest import ingest_flow

    properties = ingest_flow.parameters.properties
    assert list(properties) == [
        *(field.name for field in fields(IngestRequest)),
        "workers",
        "master",
    ]
    assert ingest_flow.parameters.required == ["dataset", "source"]
    assert properties["lake"]["default"] == "lake"


def die(job) -> None:
    os._exit(1)


def test_a_worker_that_the_system_ends_is_a_sentence():
    with (
        pytest.raises(InputError, match="with fewer workers"),
        worker_pool(1) as pool,
    ):
        pool.submit(die, None).result()


def test_ctrl_c_is_one_sentence_and_leaves_nothing(tmp_path):
    # Pictures that are read whole, so many that worker processes build the parts.
    lake, source = tmp_path / "lake", write_slow_source(tmp_path / "source")
    process = start_wardrobe(
        *("ingest", "deepfashion2", source, "--lake", lake, "--workers", 2, "--embed-images")
    )
    while process.poll() is None and not any(lake.glob("staging/*/items/*/*/*.parquet")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "wardrobe: stopped\n")
    assert Lake(lake).releases() == []
    assert list((lake / "staging").iterdir()) == []


def test_a_killed_run_takes_its_temporary_server_along(home, sources, tmp_path):
    running = start_wardrobe(
        *("ingest", "fashion-mnist", sources / "fashion-mnist", "--lake", tmp_path / "lake"),
        *("--prefect", "--workers", 1),
        PREFECT_HOME=str(home),
    )
    try:
        server = _soon(lambda: _server_of(running.pid), seconds=60)
        time.sleep(1)  # what ends the server is started right after it
    finally:
        running.kill()  # the process alone, not its group
    try:
        _soon(lambda: not Path(f"/proc/{server}").exists(), seconds=15)
    except AssertionError:
        os.kill(server, signal.SIGKILL)
        raise
    finally:
        running.communicate(timeout=60)


def _server_of(parent: int) -> int | None:
    """The process of a temporary Prefect server that a process started."""
    for child in Path(f"/proc/{parent}/task").glob("*/children"):
        for number in child.read_text().split():
            if b"prefect.server.api.server" in Path(f"/proc/{number}/cmdline").read_bytes():
                return int(number)
    return None


def _soon(fact, *, seconds: float):
    """The first true value of a function; AssertionError after some seconds."""
    for _ in range(int(seconds * 20)):
        if value := fact():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds")

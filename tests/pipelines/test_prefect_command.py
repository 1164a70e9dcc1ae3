"""The command with Prefect: the same output, no network, one sentence for an error."""

import os
import signal
import socket
import time
from dataclasses import fields
from pathlib import Path

import pytest
from command_line import is_one_sentence, wardrobe
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
    words = ("ingest", "fashion-mnist", sources / "fashion-mnist", "--workers", 1, "--lake")
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
    assert done.stderr == direct.stderr
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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--cron", "every night", "fashionai", "SOURCE"], "'every night' is not a cron line"),
        (["--cron", "0 3 * * *", "fashionai", "/nowhere"], "/nowhere does not exist"),
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


def test_the_parameters_of_the_flow_are_the_fields_of_the_request():
    from flows.ingest import ingest_flow

    properties = ingest_flow.parameters.properties
    assert list(properties) == [*(field.name for field in fields(IngestRequest)), "workers"]
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


def test_ctrl_c_is_one_sentence_and_leaves_nothing(sources, tmp_path):
    lake = tmp_path / "lake"
    process = start_wardrobe(
        *("ingest", "deepfashion2", sources / "deepfashion2", "--lake", lake, "--workers", 2)
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

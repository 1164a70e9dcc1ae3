"""The command with Prefect: the same output, no network, one sentence for an error."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest
from whole_ingests import run_wardrobe, start_wardrobe

from flows.lake import Lake

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
    direct = run_wardrobe(*words, tmp_path / "direct")
    assert done.stdout.splitlines()[1:] == direct.stdout.splitlines()[1:]
    assert done.stderr == direct.stderr
    reached = set((home / "network").read_text().split("\n")) - {""}
    assert reached <= {"127.0.0.1", "localhost", "::1", "a local socket"}


def test_the_demo_ingests_every_sample_and_writes_a_report(home, tmp_path):
    done = run_wardrobe("demo", tmp_path / "demo", PREFECT_HOME=str(home))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [
        "deepfashion2",
        "fashionai",
        "fashion-mnist",
    ]
    assert all(": published " in line for line in lines[:3])
    assert (tmp_path / "demo" / "report.html").stat().st_size > 10_000
    assert f"(release {Lake(tmp_path / 'demo' / 'lake').release().id})" in done.stdout
    assert " sql --lake " in lines[-1]


def test_what_is_wrong_with_a_source_is_one_sentence_through_prefect_too(home, tmp_path):
    words = ("ingest", "deepfashion2", tmp_path / "nowhere", "--lake", tmp_path / "lake")
    done = run_wardrobe(*words, "--prefect", PREFECT_HOME=str(home))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("wardrobe: ") and "does not exist" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["ingest"], ["serve", "--cron", "0 3 * * *"]], ids=["ingest", "serve"]
)
def test_a_server_that_does_not_answer_is_a_sentence(words, sources, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        done = run_wardrobe(
            *words, "fashionai", sources / "fashionai", "--lake", tmp_path, PREFECT_API_URL=url
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"wardrobe: no Prefect server answers at {url}")
    assert done.stderr.count("\n") == 1


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
        done = run_wardrobe("serve", *words, "--lake", tmp_path / "lake", **home)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.startswith("wardrobe: ") and done.stderr.count("\n") == 1


def test_ctrl_c_is_one_sentence_and_leaves_nothing(sources, tmp_path):
    lake = tmp_path / "lake"
    process = start_wardrobe(
        *("ingest", "deepfashion2", sources / "deepfashion2", "--lake", lake, "--workers", 2)
    )
    while process.poll() is None and not any(lake.glob("staging/*/items/*/*/*.parquet")):
        pass
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

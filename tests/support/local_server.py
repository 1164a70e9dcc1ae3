"""A real Prefect server on this machine, with a home and a port of its own, for one test module."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from PIL import Image
from whole_ingests import PART

ROOT = Path(__file__).parents[2]


SLOW = "slow-source"
"""What the path of a source contains whose pictures are opened slowly by the server's processes."""

SLOW_PICTURES = f"""
import sys, time

def wait(event, arguments):
    path = str(arguments[0]) if event == "open" else ""
    if "{SLOW}" in path and path.endswith(".jpg"):
        time.sleep(0.2)

sys.addaudithook(wait)
"""
"""Runs in every process of the server, as its `sitecustomize.py`."""


class LocalServer:
    """A running server: its API, and the environment of commands that use it."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{port}/api"
        self.client = httpx.Client(base_url=self.url, timeout=60)
        plain = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
        self.environment = {
            **plain,
            "PYTHONPATH": os.pathsep.join(
                [str(home), "tests/support", os.environ.get("PYTHONPATH", "")]
            ),
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.url,
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        }

    def ask(self, path: str, **question: Any) -> Any:
        """What the API answers to a POST, or to a GET when there is no question."""
        method = "POST" if question else "GET"

        def answered() -> httpx.Response | None:
            """the server has time to answer"""
            response = self.client.request(method, f"/{path}", json=question or None)
            return None if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else response

        answer = until(answered).raise_for_status()
        return answer.json() if answer.content else None

    def start_run(self, deployment: str, **parameters: Any) -> str:
        """Ask for a run of a deployment, as `prefect deployment run` does; its id."""
        found = self.ask(f"deployments/name/{deployment}")
        due = {"type": "SCHEDULED"}
        path = f"deployments/{found['id']}/create_flow_run"
        return self.ask(path, parameters=parameters, state=due)["id"]

    def state(self, run: str) -> dict[str, Any]:
        """The state of a run."""
        return self.ask(f"flow_runs/{run}")["state"]

    def artifact(self, key: str) -> str:
        """The newest artifact of a key, as text."""
        newest = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
        (artifact,) = self.ask("artifacts/filter", **newest)
        return artifact["data"]

    def last_ingest(self) -> dict[str, Any]:
        """The newest run of an ingest."""
        newest = {"flows": {"name": {"any_": ["ingest"]}}, "sort": "START_TIME_DESC", "limit": 1}
        (run,) = self.ask("flow_runs/filter", **newest)
        return run

    def scheduled_runs(self, *types: str) -> list[dict[str, Any]]:
        """Runs that a schedule started, in a state of these types."""
        runs = self.ask("flow_runs/filter", flow_runs={"state": {"type": {"any_": list(types)}}})
        return [run for run in runs if run["auto_scheduled"]]

    def log_of(self, run: str) -> str:
        """The log of a run with its last line, which the server gets after the state."""
        of_run = {"flow_run_id": {"any_": [run]}}

        def finished() -> str:
            """the log of the run has its last line"""
            lines = self.ask("logs/filter", logs=of_run, sort="TIMESTAMP_ASC")
            # Tasks say that they finished, too.
            last = [line["message"] for line in lines if line["task_run_id"] is None][-1:]
            text = "\n".join(line["message"] for line in lines)
            return text if "Finished in state" in "".join(last) else ""

        return until(finished)

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """A module of Python's with words: `prefect`, `work-pool`, ... or `flows`, `ingest`, ..."""
        command = [sys.executable, "-m", *map(str, words)]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120
        )

    @contextmanager
    def running(self, *words: object) -> Iterator[subprocess.Popen[bytes]]:
        """The same in the background; its words go to a file, which is shown when it fails."""
        log = self.home / f"{'-'.join(str(word) for word in words[:2])}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", *map(str, words)],
                cwd=ROOT,
                env=self.environment,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield process
            except BaseException as error:
                error.add_note(f"{log}:\n{log.read_text()[-3000:]}")
                raise
            finally:
                process.terminate()
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def write_slow_source(folder: Path) -> Path:
    """Write a DeepFashion2 source of two parts; processes of the server open pictures slowly."""
    train = folder / "train"
    (train / "image").mkdir(parents=True)
    (train / "annos").mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (16, 16)).save(picture, "JPEG")
    for number in (1, *range(PART, PART + 300)):
        (train / "image" / f"{number:06d}.jpg").write_bytes(picture.getvalue())
        (train / "annos" / f"{number:06d}.json").write_text('{"source": "shop", "pair_id": 1}')
    return folder


def parts_built(build, *, count: int = 1, timeout: float = 60) -> list:
    """Run so many parts through the Prefect layer, with the shortest of delays."""
    names = (f"deepfashion2/train/{number:05d}" for number in range(count))
    jobs = [SimpleNamespace(part=SimpleNamespace(name=name)) for name in names]

    # Here, because Prefect reads its settings once.
    from prefect import flow

    from flows.ingest import prefect_runner

    @flow(name="parts")
    def parts():
        with ThreadPoolExecutor(1) as pool:
            return list(prefect_runner(pool, first_delay=0.01, timeout=timeout)(build, jobs))

    return parts()


def until(what: Callable[[], Any], *, seconds: float = 90, every: float = 0.5) -> Any:
    """Wait for something to become true; AssertionError names what did not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds} seconds: {what.__doc__ or what}")


@contextmanager
def local_server(home: Path) -> Iterator[LocalServer]:
    """A server that is healthy, until it is left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = LocalServer(home, port)
    (home / "sitecustomize.py").write_text(SLOW_PICTURES)

    def healthy() -> bool:
        """the server answers"""
        try:
            return server.client.get("/health").is_success
        except httpx.TransportError:
            return False

    # What `prefect server start` runs, without a process around it.
    app = ("--factory", "prefect.server.api.server:create_app")
    with server.client, server.running("uvicorn", *app, "--host", "127.0.0.1", "--port", port):
        until(healthy, seconds=180)
        yield server


@contextmanager
def server_of_flows(home: Path) -> Iterator[LocalServer]:
    """The server, also for flows of this process; each would wait a second for its heartbeat."""
    from prefect import settings

    with local_server(home) as server:
        values = {settings.PREFECT_HOME: home, settings.PREFECT_API_URL: server.url}
        heartbeat = {settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
        with settings.temporary_settings({**values, **heartbeat}):
            yield server

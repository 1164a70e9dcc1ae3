"""A Spark standalone cluster on loopback: a master and two workers with a core each.

Each process starts a session, by which its children are found and killed.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SECONDS = 300
"""What takes longer has failed; a busy machine needs a third of it."""


def require_spark() -> None:
    """Skip the test without Java or PySpark; in CI (WARDROBE_CI) both must be there."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        reason = "PySpark is not installed: pip install 'wardrobe-lake[spark]'"
    else:
        if shutil.which("java") or os.environ.get("JAVA_HOME"):
            return
        reason = "Spark needs Java: install openjdk-17-jre-headless"
    pytest.fail(reason) if "WARDROBE_CI" in os.environ else pytest.skip(reason)


@dataclass
class Cluster:
    """The URL of a master, and the processes of its workers."""

    url: str
    workers: list[subprocess.Popen] = field(default_factory=list)

    def executors(self) -> list[int]:
        """Process ids of the executors."""
        return [
            pid
            for worker in self.workers
            for pid in processes_of(worker.pid)
            if b"CoarseGrainedExecutorBackend" in read_bytes(Path(f"/proc/{pid}/cmdline"))
        ]


@contextmanager
def spark_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a master and two workers with a core and 1,200 MB each; they are killed at the end."""
    import pyspark

    home = Path(pyspark.__file__).parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_DAEMON_MEMORY": "256m",
        "PYTHONPATH": str(Path(__file__).parent),  # functions of the tests, for executors
    }
    started: list[subprocess.Popen] = []

    def start(kind: str, sign: str, *words: str) -> subprocess.Popen:
        path = folder / f"{kind}-{len(started)}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [
                    *(home / "bin" / "spark-class", f"org.apache.spark.deploy.{kind}"),
                    *("--host", "127.0.0.1", "--webui-port", "0", *words),
                ],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        wait_until(lambda: sign in path.read_text(errors="replace"), path)
        return process

    cluster = Cluster(f"spark://127.0.0.1:{port}")
    try:
        start("master.Master", "New state: ALIVE", "--port", port)
        for _ in range(2):
            words = ("-c", "1", "-m", "1200m", cluster.url)
            cluster.workers.append(start("worker.Worker", "Successfully registered", *words))
        yield cluster
    finally:
        for process in started:
            for pid in processes_of(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


def processes_of(session: int) -> list[int]:
    """Ids of the processes in a session."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        words = read_bytes(path).rpartition(b") ")[2].split()
        if words and int(words[3]) == session:
            pids.append(int(path.parent.name))
    return pids


def read_bytes(path: Path) -> bytes:
    """A file of a process, empty when the process has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def wait_until(condition: Callable[[], object], what: object) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)

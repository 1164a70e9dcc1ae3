"""Run a command and say what it cost: seconds, CPU of its whole family, memory of each member."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LOOK_EVERY = 0.1


@dataclass
class Cost:
    """What a command took. Memory is in MiB: of the command itself, of the largest of the processes
    it started (resident, at most), and of all together at their common peak (shared pages once)."""

    seconds: float
    cpu: float
    itself: float
    largest_worker: float
    together: float
    output: str = field(repr=False, default="")


def wardrobe(*arguments: object, before: Sequence[str] = ()) -> Cost:
    """Run the `wardrobe` command of this checkout; `before` is what to put in front (strace)."""
    return run([*before, sys.executable, "-m", "flows", *map(str, arguments)])


def run(command: Sequence[str]) -> Cost:
    """Run a command to its end; SystemExit with its words when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    family = _Family(process.pid)
    assert process.stdout is not None
    output = process.stdout.read()
    # The usage that comes with the end of a process holds that of all processes it waited for.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    family.stop()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}")
    others = [peak for pid, peak in family.peaks.items() if pid != process.pid]
    return Cost(
        seconds=seconds,
        cpu=usage.ru_utime + usage.ru_stime,
        itself=family.peaks.get(process.pid, 0) / 1024,
        largest_worker=max(others, default=0) / 1024,
        together=family.together / 1024,
        output=output,
    )


class _Family:
    """Watches the memory of a process and of all it starts, in KiB."""

    def __init__(self, pid: int) -> None:
        self.peaks: dict[int, int] = {}
        self.together = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pid,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self, pid: int) -> None:
        while not self._ended.wait(LOOK_EVERY):
            now = 0
            for member in _with_children(pid):
                peak, share = _memory(member)
                self.peaks[member] = max(peak, self.peaks.get(member, 0))
                now += share
            self.together = max(self.together, now)


def _with_children(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _with_children(int(child))
    except OSError:  # it ended while it was looked at
        pass
    return found


def _memory(pid: int) -> tuple[int, int]:
    """The most a process has held, and its share of what is held now: shared pages count once."""
    try:
        most = _number(Path(f"/proc/{pid}/status"), "VmHWM:")
        return most, _number(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")
    except OSError:
        return 0, 0


def _number(path: Path, word: str) -> int:
    return next((int(line.split()[1]) for line in path.open() if line.startswith(word)), 0)

"""Peak memory of a command and all processes it starts, and of one function in a process."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

LOOK_EVERY = 0.1


class Measured(NamedTuple):
    """How a command ended, and what all its processes took. Memory is in bytes.

    `peak` is the most of the process tree together, shared pages counted once; `own` and `worker`
    the most that the command itself and the largest of the processes it started held.
    """

    returncode: int
    output: str
    errors: str
    peak: int
    seconds: float
    cpu: float
    own: int
    worker: int


def measured_wardrobe(folder: Path, *words: object, before: Sequence[str] = ()) -> Measured:
    """Run `wardrobe` with these words and look at its process tree ten times a second.

    `before` precedes the command, as strace does; stdout and stderr are files in the folder.
    """
    started, peak, largest = time.monotonic(), 0, dict[int, int]()
    output, errors = folder / "stdout", folder / "stderr"
    command = [*before, sys.executable, "-m", "flows", *map(str, words)]
    with output.open("w") as out, errors.open("w") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        ending = os.pidfd_open(process.pid)
        while not select.select([ending], [], [], LOOK_EVERY)[0]:
            tree = _tree(process.pid)
            peak = max(peak, sum(_bytes_of(number, "smaps_rollup", "Pss:") for number in tree))
            for number in tree:
                held = _bytes_of(number, "status", "VmHWM:")
                largest[number] = max(held, largest.get(number, 0))
        os.close(ending)
        # The usage that comes with the end of a process holds that of all it waited for.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        process.returncode,
        output.read_text(),
        errors.read_text(),
        peak,
        time.monotonic() - started,
        usage.ru_utime + usage.ru_stime,
        largest.pop(process.pid, 0),
        max(largest.values(), default=0),
    )


def peak_in_a_process(code: str, *arguments: object) -> int:
    """Bytes that `code` adds to the peak of a fresh interpreter after its line `# measured`."""
    before, _, measured = code.partition("# measured\n")
    # Not getrusage: its peak starts with that of the process that starts this one.
    script = (
        "import sys\n"
        "def peak():\n"
        "    return int(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])\n"
        f"{before}\nbase = peak()\n{measured}\nprint(peak() - base)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    assert done.returncode == 0, done.stderr
    return 1024 * int(done.stdout.split()[-1])


def _tree(root: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def _bytes_of(process: int, file: str, key: str) -> int:
    """A figure of a process; 0 when it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/{file}").read_text().splitlines():
            if line.startswith(key):
                return 1024 * int(line.split()[1])
    return 0

"""Peak memory of a command and all processes it starts, and of one function in a process."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

LOOK_EVERY = 0.1


class Measured(NamedTuple):
    """How a command ended; `peak` is the bytes of its process tree, shared pages counted once."""

    returncode: int
    output: str
    errors: str
    peak: int
    seconds: float


def measured_wardrobe(folder: Path, *words: object) -> Measured:
    """Run `wardrobe` with these words and look at its process tree ten times a second."""
    started, peak = time.monotonic(), 0
    output, errors = folder / "stdout", folder / "stderr"
    with output.open("w") as out, errors.open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", *map(str, words)], stdout=out, stderr=err
        )
        while process.poll() is None:
            peak = max(peak, sum(map(_bytes_of, _tree(process.pid))))
            time.sleep(LOOK_EVERY)
    seconds = time.monotonic() - started
    return Measured(process.returncode, output.read_text(), errors.read_text(), peak, seconds)


def peak_in_a_process(code: str, *arguments: object) -> int:
    """Bytes that `code` adds to the peak of a fresh interpreter after its line `# measured`."""
    before, _, measured = code.partition("# measured\n")
    script = (
        f"import resource, sys\n{before}\n"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"{measured}\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)\n"
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


def _bytes_of(process: int) -> int:
    """Proportional set size: a page that several processes share counts once in their sum."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0

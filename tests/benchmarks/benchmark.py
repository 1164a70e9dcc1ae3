"""What the benchmarks share: options, a measured command, stopwatches, processes, a table.

Its import makes `flows` and the modules of tests/support importable.
"""

import argparse
import json
import multiprocessing
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

T = TypeVar("T")
MIB = 2**20


def options(documentation: str | None, **defaults: Any) -> argparse.Namespace:
    """The command line: `--name VALUE` of the default's type; False is a switch, [] a list."""
    parser = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in defaults.items():
        if default is False:
            parser.add_argument(f"--{name}", action="store_true")
        elif isinstance(default, list):
            parser.add_argument(f"--{name}", nargs="*", default=default)
        else:
            kind = Path if default is None else type(default)
            parser.add_argument(f"--{name}", type=kind, default=default, help=f"default {default}")
    return parser.parse_args()


class Cost(NamedTuple):
    """Seconds, and CPU seconds of all processes."""

    seconds: float = 0.0
    cpu: float = 0.0


def timed(function: Callable[..., T], *arguments: Any) -> tuple[T, Cost]:
    """What a function returns, and what it took in this process."""
    started, worked = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, Cost(time.perf_counter() - started, time.process_time() - worked)


def wardrobe(*words: object, before: Sequence[str] = ()) -> Any:
    """Run the `wardrobe` command of this checkout: a `memory.Measured`. SystemExit if it fails."""
    from memory import measured_wardrobe

    with tempfile.TemporaryDirectory() as folder:
        measured = measured_wardrobe(Path(folder), *words, before=before)
    if measured.returncode:
        text = (measured.output + measured.errors)[-2000:]
        raise SystemExit(f"wardrobe {words[0]} ended with {measured.returncode}:\n{text}")
    return measured


def in_process(method: str, function: Callable[..., T], *arguments: Any) -> T:
    """What a function returns in a forked or spawned process, with caches and memory still cold."""
    context = multiprocessing.get_context(method)
    answers, end = context.Pipe(duplex=False)
    process = context.Process(target=_send_answer, args=(end, function, *arguments))
    process.start()
    end.close()
    try:
        return answers.recv()
    except EOFError:
        raise SystemExit(f"{function.__name__} failed") from None
    finally:
        process.join()


def _send_answer(end: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    end.send(function(*arguments))


def memory_of(key: str, file: str = "status") -> float:
    """A figure of this process in MiB, as /proc has it: `VmHWM` is its peak.

    `Private_Dirty` of `smaps_rollup` is what it has written and owns; mapped files are shared.
    """
    lines = Path(f"/proc/self/{file}").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


def private_mib() -> float:
    """Memory that this process has written and owns alone."""
    return memory_of("Private_Dirty", "smaps_rollup")


class Table:
    """Prints a header, then rows as they come: a format for each column; None is left blank."""

    def __init__(self, **columns: str) -> None:
        # Without precision and type, a format is the alignment and the width.
        self.formats = [(text, re.sub(r"[,.].*|[a-z]$", "", text)) for text in columns.values()]
        names = zip(columns, self.formats, strict=True)
        print("".join(f"{name.replace('_', ' '):{width}}" for name, (_, width) in names))

    def row(self, *values: Any) -> None:
        cells = zip(values, self.formats, strict=True)
        print("".join(f"{'':{w}}" if v is None else f"{v:{f}}" for v, (f, w) in cells), flush=True)


def stages(lake: Path) -> str:
    """The seconds of each stage, from the manifest of the current release."""
    run = json.loads((lake / "current" / "manifest.json").read_text())["runs"]
    return ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in run["seconds"].items())


def remove_lake(lake: Path) -> None:
    """Published files and folders are read-only; folders must be writable to be emptied."""
    if lake.exists():
        subprocess.run(["chmod", "-R", "u+w", str(lake)], check=True)
        shutil.rmtree(lake)

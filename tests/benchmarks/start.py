"""What short commands and small ingests cost: medians of five, CPU seconds of all processes.

    python tests/benchmarks/start.py [--base FOLDER] [--rounds 5] [--prefect]

Each command runs once a round in this checkout and in the one at `--base`, one after the other, so
that ratios hold on a busy machine; modules are compiled once, as in an installation. `--prefect`
adds the demo, and an ingest as a Prefect flow next to an empty flow: what is above the empty flow
is not the start of the temporary server.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmark import ROOT, Cost, Table, options, remove_lake

EMPTY_FLOW = """
from pathlib import Path
from flows.cli.prefect_settings import prepare_prefect
prepare_prefect(Path("lake").absolute())
from prefect import flow
flow(lambda: 1, name="empty")()
"""


def cost(checkout: Path, folder: Path, *arguments: object) -> Cost:
    """One run of Python in a folder, with the packages of a checkout. SystemExit if it fails."""
    bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **bytecode, "PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The usage that comes with the end of a process holds that of all it waited for.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime)


def main() -> None:
    chosen = options(__doc__, base=None, rounds=5, prefect=False)
    checkouts = [ROOT, *([chosen.base.absolute()] if chosen.base else [])]
    table = Table(command="<28", CPU_s=">8.2f", seconds=">9.2f", base_CPU_s=">12.2f", ratio=">8.2f")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        flows, made = ("-m", "flows"), "made"
        source = ("ingest", "deepfashion2", folder / "source", "--lake")
        lake, picture = ("--lake", "lake"), ("deepfashion2", "train", 1)
        cost(ROOT, folder, *flows, "sample", "deepfashion2", folder / "source", "--images", 200)
        # A lake each: with other SQL, a checkout would derive again what the other one has made.
        folders = [folder / str(number) for number in range(len(checkouts))]
        for checkout, own in zip(checkouts, folders, strict=True):
            own.mkdir()
            cost(checkout, own, *flows, *source, "lake")
        commands: dict[str, tuple[object, ...]] = {
            "--help": (*flows, "--help"),
            "tables": (*flows, "tables", *lake),
            'sql "select 1"': (*flows, "sql", "select 1", *lake),
            'sql "from categories"': (*flows, "sql", "from categories", *lake),
            "path": (*flows, "path", *lake),
            "releases": (*flows, "releases", *lake),
            "status": (*flows, "status", *lake),
            "show": (*flows, "show", *picture, "--output", "show.png", *lake),
            "ingest, 200 documents": (*flows, *source, made),
            "the same, nothing changed": (*flows, *source, "lake"),
        }
        if chosen.prefect:
            commands["empty flow, own server"] = ("-c", EMPTY_FLOW)
            commands["ingest --prefect"] = (*flows, *source, made, "--prefect")
            commands["demo"] = (*flows, "demo", made)
        for name, words in commands.items():
            costs: list[list[Cost]] = [[] for _ in checkouts]
            for _ in range(chosen.rounds):
                for checkout, own, runs in zip(checkouts, folders, costs, strict=True):
                    runs.append(cost(checkout, own, *words))
                    remove_lake(own / made)
            cpu = [median(run.cpu for run in runs) for runs in costs]
            seconds = median(run.seconds for run in costs[0])
            base = (cpu[1], cpu[0] / cpu[1]) if chosen.base else (None, None)
            table.row(name, cpu[0], seconds, *base)


if __name__ == "__main__":
    main()

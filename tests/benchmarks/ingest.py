"""What an ingest costs beside the least it could: one run, one table. Not part of the tests.

    python tests/benchmarks/ingest.py [--documents 40000] [--folder FOLDER] [--rounds 2] [--reruns]

Generates annotation documents (`wardrobe sample deepfashion2 --no-images`; kept in FOLDER, and used
again). The floor is what reading all bytes, parsing them and writing the same tables take, each in
a process of its own. Beside it stand what the ingest does of the same kind (list, read, decode,
validate, write, hash) and the whole `wardrobe ingest` command, which also imports, derives pairs
and statistics, checks and publishes, with one process and with two. Ratios are to the floor of the
same round.
`--reruns` goes on with an ingest of nothing new and one of one changed document.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ingest_reruns
from ingest_command import Cost, wardrobe

HEAD = (
    f"{'step':<28}{'seconds':>9}{'CPU s':>8}{'files/CPU s':>13}{'to floor':>10}"
    f"{'MiB itself':>12}{'a worker':>10}{'together':>10}"
)


def sample(folder: Path, documents: int) -> Path:
    """The generated source, made when it is not there yet."""
    source = folder / f"source-{documents}"
    if not source.exists():
        aside = folder / f"source-{documents}.making"
        shutil.rmtree(aside, ignore_errors=True)
        cost = wardrobe("sample", "deepfashion2", aside, "--no-images", "--images", documents)
        aside.rename(source)
        print(line("generate the documents", cost, documents), flush=True)
    return source


def by_stage(source: Path, lake: Path, documents: int, least: float) -> None:
    """What the ingest works at, and what of it answers to the floor: documents into parts."""
    aside = lake.with_name("lake-by-stage")
    remove_lake(aside)
    script = Path(__file__).with_name("ingest_stages.py")
    command = [sys.executable, str(script), str(source), str(aside)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = {stage: float(seconds) for stage, seconds in map(str.split, said.splitlines())}
    remove_lake(aside)
    into_parts = sum(cpu[stage] for stage in ("list", "plan", "build"))
    print(line("ingest: files into parts", Cost(0, into_parts, 0, 0, 0), documents, least))
    print("    CPU s: " + ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in cpu.items()))


def floor(step: str, source: Path, release: Path) -> tuple[float, float]:
    """Seconds and CPU seconds of one step of the floor."""
    script = Path(__file__).with_name("ingest_floor.py")
    command = [sys.executable, str(script), step, str(source), str(release)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1])


def line(step: str, cost: Cost, documents: int, least: float | None = None) -> str:
    """A row of the table."""
    ratio = f"{cost.cpu / least:.2f}" if least else ""
    memory = [f"{mib:,.0f}" if mib else "" for mib in (cost.itself, cost.largest_worker)]
    together = f"{cost.together:,.0f}" if cost.together else ""
    return (
        f"{step:<28}{cost.seconds:>9.2f}{cost.cpu:>8.2f}{documents / cost.cpu:>13,.0f}{ratio:>10}"
        f"{memory[0]:>12}{memory[1]:>10}{together:>10}"
    )


def stages(release: Path) -> str:
    """What the manifest of a release says its stages took."""
    run = json.loads((release / "manifest.json").read_text())["runs"]
    return ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in run["seconds"].items())


def measure(source: Path, documents: int, lake: Path) -> None:
    """One round: the floor, then the ingest with one process and with two. Leaves a lake."""
    costs = {}
    for workers in (1, 2):
        remove_lake(lake)
        costs[workers] = (
            wardrobe("ingest", "deepfashion2", source, "--lake", lake, "--workers", workers),
            stages(lake / "current"),
        )
    least = Cost(0, 0, 0, 0, 0)
    print(f"\n{HEAD}")
    for step in ("read", "parse", "write"):
        seconds, cpu = floor(step, source, (lake / "current").resolve())
        least.seconds += seconds
        least.cpu += cpu
        print(line(f"floor: {step}", Cost(seconds, cpu, 0, 0, 0), documents))
    print(line("floor: sum", least, documents, least.cpu))
    by_stage(source, lake, documents, least.cpu)
    for workers, (cost, took) in costs.items():
        name = f"ingest, {workers} {'process' if workers == 1 else 'workers'}"
        print(line(name, cost, documents, least.cpu))
        print(f"    seconds: {took}", flush=True)


def remove_lake(lake: Path) -> None:
    """Published files and folders are read-only; folders must be writable to be emptied."""
    if lake.exists():
        subprocess.run(["chmod", "-R", "u+w", str(lake)], check=True)
        shutil.rmtree(lake)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=40_000)
    parser.add_argument("--folder", type=Path, help="keep the documents here, and use them again")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--reruns", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        source = sample(folder, given.documents)
        lake = folder / f"lake-{given.documents}"
        for _ in range(given.rounds):
            measure(source, given.documents, lake)
        if given.reruns:
            ingest_reruns.measure(source, lake, given.documents)
        remove_lake(lake)


if __name__ == "__main__":
    main()

"""What an ingest costs compared with the least it could: one run, one table.

    python tests/benchmarks/ingest.py [--documents 40000] [--folder FOLDER] [--rounds 2] [--reruns]

Generates annotation documents (`wardrobe sample deepfashion2 --no-images`; kept in FOLDER, and used
again). The floor is what reading all bytes, parsing them and writing the same tables take, as
plainly as possible and each in its own process: no listing, validation, order, hash or receipt.
Below it: what the ingest does of the same kind (list, read, decode, validate, write, hash), and the
whole `wardrobe ingest` command, which also imports, derives pairs and statistics, checks and
publishes, with one process and with two. Ratios are to the floor of the same round, and to a loop
of json.loads(path.read_bytes()) over the same files.

`--reruns` continues with ingests of nothing new, of one document with a changed row of every table,
and of one moved landmark. strace shows that the first opens no file of the source; the others read
one part, and the files are counted that they write: a moved landmark writes no pairs.
"""

import json
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmark import MIB, Cost, Table, in_process, options, remove_lake, stages, timed, wardrobe

PART_TABLES = ("images", "items", "landmarks", "polygons", "rejections")


def sample(folder: Path, documents: int) -> Path:
    """The generated source; an incomplete one has another name."""
    source = folder / f"source-{documents}"
    if not source.exists():
        incomplete = folder / f"{source.name}.incomplete"
        shutil.rmtree(incomplete, ignore_errors=True)
        words = ("--no-images", "--images", documents)
        done = wardrobe("sample", "deepfashion2", incomplete, *words)
        incomplete.rename(source)
        print(f"generated {documents:,} documents in {done.seconds:.2f} s, {done.cpu:.2f} CPU s")
    return source


def paths(source: Path) -> Iterator[str]:
    for folder in sorted(source.glob("*/annos")):
        with os.scandir(folder) as entries:
            yield from sorted(entry.path for entry in entries)


def read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY)
    try:
        return os.read(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)


def json_loop(source: Path, release: Path) -> Cost:
    """Read and parse all documents with the standard library, and keep nothing."""

    def loop() -> None:
        for path in paths(source):
            json.loads(Path(path).read_bytes())

    return timed(loop)[1]


def floor_read(source: Path, release: Path) -> Cost:
    """List the source and read all bytes of it."""
    return timed(lambda: sum(len(read(path)) for path in paths(source)))[1]


def floor_parse(source: Path, release: Path) -> Cost:
    """Parse all documents, untyped; reading them is not counted, a thousand at a time are held."""
    import msgspec

    parse, names, total = msgspec.json.Decoder().decode, list(paths(source)), Cost()

    def parse_each(documents: list[bytes]) -> None:
        for document in documents:
            parse(document)

    for start in range(0, len(names), 1000):
        documents = [read(path) for path in names[start : start + 1000]]
        total = add(total, timed(parse_each, documents)[1])
    return total


def floor_write(source: Path, release: Path) -> Cost:
    """Write the tables that the parts consist of, file by file from memory, compressed alike."""
    import pyarrow.parquet as pq

    total = Cost()
    with tempfile.TemporaryDirectory(dir=release.parent) as folder:
        write = partial(pq.write_table, where=Path(folder) / "written.parquet", compression="zstd")
        for file in (
            file for table in PART_TABLES for file in (release / table).rglob("*.parquet")
        ):
            data = pq.read_table(file, partitioning=None)
            total = add(total, timed(write, data)[1])
    return total


def add(first: Cost, second: Cost) -> Cost:
    return Cost(first.seconds + second.seconds, first.cpu + second.cpu)


def by_stage(source: Path, lake: Path) -> dict[str, float]:
    """CPU seconds of an ingest in this process by stage, `imports` first, `publish` last."""
    from flows.pipelines import ingest as pipeline
    from flows.pipelines.outcome import Stopwatch
    from flows.pipelines.request import IngestRequest
    from flows.processes import leave_pandas_out
    from flows.runners import local_runner

    leave_pandas_out()
    laps = {"imports": time.process_time()}

    class CpuStopwatch(Stopwatch):
        def lap(self, stage: str) -> None:
            super().lap(stage)
            laps[stage] = time.process_time() - sum(laps.values())

    pipeline.Stopwatch = CpuStopwatch  # type: ignore[misc]
    pipeline.ingest(IngestRequest("deepfashion2", str(source), str(lake)), local_runner(1))
    laps["publish"] = time.process_time() - sum(laps.values())
    return laps


def measure(source: Path, documents: int, lake: Path) -> None:
    """One round: the floor, then the ingest with one process and with two. Leaves a lake."""
    table = Table(
        step="<26", seconds=">9.2f", CPU_s=">8.2f", files_per_CPU_s=">17,.0f", to_floor=">10.2f",
        to_loop=">9.2f", MiB_own=">9,.0f", a_worker=">10,.0f", together=">10,.0f",
    )  # fmt: skip
    done = {}
    for workers in (1, 2):
        remove_lake(lake)
        words = ("ingest", "deepfashion2", source, "--lake", lake, "--workers", workers)
        done[f"ingest, --workers {workers}"] = wardrobe(*words), stages(lake)
    loop = in_process("spawn", json_loop, source, lake)
    rate = documents / loop.cpu
    table.row("json.loads loop", *loop, rate, None, 1, None, None, None)
    least = Cost()
    for step in (floor_read, floor_parse, floor_write):
        cost = in_process("spawn", step, source, (lake / "current").resolve())
        least = add(least, cost)
        name = step.__name__.replace("_", ": ")
        table.row(name, *cost, documents / cost.cpu, None, None, None, None, None)
    rate = documents / least.cpu
    table.row("floor: sum", *least, rate, 1, least.cpu / loop.cpu, None, None, None)
    other = lake.with_name("lake-by-stage")
    laps = in_process("spawn", by_stage, source, other)
    remove_lake(other)
    cpu = sum(laps[stage] for stage in ("list", "plan", "build"))
    name, rate = "ingest: files into parts", documents / cpu
    table.row(name, None, cpu, rate, cpu / least.cpu, cpu / loop.cpu, None, None, None)
    print("    CPU s: " + ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in laps.items()))
    for name, (run, took) in done.items():
        memory = (number / MIB for number in (run.own, run.worker, run.peak))
        rate = documents / run.cpu
        ratios = run.cpu / least.cpu, run.cpu / loop.cpu
        table.row(name, run.seconds, run.cpu, rate, *ratios, *memory)
        print(f"    seconds: {took}", flush=True)


def measure_reruns(source: Path, documents: int, lake: Path) -> None:
    """Ingests into a lake that holds all of the source; the document is changed back after."""
    words = ("ingest", "deepfashion2", source, "--lake", lake)
    table = Table(
        second_ingests="<26", seconds=">9.2f", CPU_s=">8.2f", MiB_own=">9,.0f", outcome="<80"
    )

    def run(step: str, *more: object) -> None:
        done = wardrobe(*words, *more)
        first_line = "  " + done.output.strip().splitlines()[0]
        table.row(step, done.seconds, done.cpu, done.own / MIB, first_line)

    for _ in range(3):
        run("nothing new")
    print(f"    source files opened: {opened(source, words).total():,}")
    document = Path(next(os.scandir(source / "train" / "annos")).path)
    before = document.read_bytes()
    try:
        changes = [("one changed document", changed(before, turn)) for turn in (1, 2)]
        last = changes[-1][1]
        changes += [("one moved landmark", with_landmark(last, turn)) for turn in (3, 4)]
        for step, content in changes:
            document.write_bytes(content)
            files = published(lake)
            run(step, "--workers", 2)
            print(f"    seconds: {stages(lake)}")
            new = Counter(path.partition("/")[0] for path, _ in published(lake) - files)
            print(f"    files written: {dict(new)}")
        document.write_bytes(changed(before, 3))
        print(f"    source files opened: {opened(source, words).total():,} of {documents:,}")
    finally:
        document.write_bytes(before)


def changed(document: bytes, by: int) -> bytes:
    """The same document with another pair, box and points: a row of every table differs."""
    content = json.loads(document)
    item = next(value for key, value in content.items() if key.startswith("item"))
    item["bounding_box"][2] += by
    item["landmarks"][:3] = [by, by, 2]
    item["segmentation"][0][0] += by
    return json.dumps(content | {"pair_id": content["pair_id"] + by}).encode()


def with_landmark(document: bytes, at: int) -> bytes:
    """The same document with one landmark at another place."""
    content = json.loads(document)
    item = next(value for key, value in content.items() if key.startswith("item"))
    item["landmarks"][:3] = [at, at, 2]
    return json.dumps(content).encode()


def published(lake: Path) -> set[tuple[str, int]]:
    """Path and inode of a release's files; an unchanged file is a link to the earlier one."""
    release = (lake / "current").resolve()
    files = release.rglob("*.parquet")
    return {(path.relative_to(release).as_posix(), path.stat().st_ino) for path in files}


def opened(source: Path, words: tuple[object, ...]) -> Counter[str]:
    """Files of the source that an ingest opens, as strace saw it; folders do not count."""
    if shutil.which("strace") is None:
        raise SystemExit("strace is not installed: what is opened cannot be proved")
    with tempfile.NamedTemporaryFile("r") as trace:
        tracing = ("strace", "-f", "-qq", "-e", "trace=open,openat", "-o", trace.name)
        # In one process: members are opened relative to a folder's handle, with no full path.
        wardrobe(*words, "--workers", 1, before=tracing)
        return Counter(
            name
            for line in trace
            if "O_DIRECTORY" not in line and "ENOENT" not in line
            for name in re.findall(r'"([^"]+)"', line)
            if name.startswith(f"{source}/") or re.fullmatch(r"\d{6}\.json", name)
        )


def main() -> None:
    chosen = options(__doc__, documents=40_000, folder=None, rounds=2, reruns=False)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        source, lake = sample(folder, chosen.documents), folder / f"lake-{chosen.documents}"
        for _ in range(chosen.rounds):
            measure(source, chosen.documents, lake)
        if chosen.reruns:
            measure_reruns(source, chosen.documents, lake)
        remove_lake(lake)


if __name__ == "__main__":
    main()

"""The least an ingest could take: read every byte, parse it, write the same tables.

    python tests/benchmarks/ingest_floor.py read|parse|write SOURCE RELEASE

Each step by itself, in a process of its own, as plainly as it goes: no listing kept, nothing
compared with it, no validation, no order, no hash, no receipt. Prints seconds, CPU and a count.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

PART_TABLES = ("images", "items", "landmarks", "polygons", "rejections")


def names(source: Path) -> Iterator[str]:
    """Every document's path."""
    for folder in sorted(source.glob("*/annos")):
        with os.scandir(folder) as entries:
            yield from sorted(entry.path for entry in entries)


def read(path: str) -> bytes:
    """All of one file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        return os.read(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)


def read_all(source: Path, release: Path) -> tuple[float, float, int]:
    """List the source and read all bytes of it."""
    started, worked = time.perf_counter(), time.process_time()
    total = sum(len(read(path)) for path in names(source))
    return time.perf_counter() - started, time.process_time() - worked, total


def parse_all(source: Path, release: Path) -> tuple[float, float, int]:
    """Parse all documents, untyped; reading them is not counted, a thousand at a time are held."""
    parse = msgspec.json.Decoder().decode
    paths = list(names(source))
    seconds = cpu = 0.0
    for start in range(0, len(paths), 1000):
        documents = [read(path) for path in paths[start : start + 1000]]
        started, worked = time.perf_counter(), time.process_time()
        for document in documents:
            parse(document)
        seconds += time.perf_counter() - started
        cpu += time.process_time() - worked
    return seconds, cpu, len(paths)


def write_all(source: Path, release: Path) -> tuple[float, float, int]:
    """Write the tables that the parts consist of, file by file from memory, compressed alike."""
    seconds = cpu = 0.0
    rows = 0
    with tempfile.TemporaryDirectory(dir=release.parent) as folder:
        for table in PART_TABLES:
            for path in sorted((release / table).glob("**/*.parquet")):
                data = pq.read_table(path, partitioning=None)
                rows += data.num_rows
                started, worked = time.perf_counter(), time.process_time()
                pq.write_table(data, Path(folder) / "written.parquet", compression="zstd")
                seconds += time.perf_counter() - started
                cpu += time.process_time() - worked
    return seconds, cpu, rows


STEPS = {"read": read_all, "parse": parse_all, "write": write_all}


def main() -> None:
    step, source, release = sys.argv[1:]
    print(*STEPS[step](Path(source), Path(release)))


if __name__ == "__main__":
    main()

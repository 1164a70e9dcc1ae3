"""What planning a very large source takes: time and memory of listing, arranging, planning.

    python tests/benchmarks/planning.py [--members 10000000] [--folder FOLDER] [--files 0]

The listing is generated: documents and pictures of DeepFashion2 in a random order of runs, as
a folder is listed, and no file exists. It is written, read, arranged and planned as an ingest does
it; all parts are new. The second plan has the parent that the first would publish. `--files N` also
makes a folder of N empty files and lists it. Each runs in a process of its own.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmark import MIB, Table, in_process, options

RUN = 1 << 20


def tables(members: int) -> "Iterator[pa.Table]":  # noqa: F821
    """A listing in runs: half of it documents, half of it pictures."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from schemas.source import MEMBERS

    for folder, ending in (("annos", "json"), ("image", "jpg")):
        for start in range(0, members // 2, RUN):
            number = np.arange(start, min(start + RUN, members // 2))
            digits = pc.utf8_lpad(pa.array(number).cast(pa.string()), 8, "0")
            name = pc.binary_join_element_wise(f"train/{folder}/", digits, f".{ending}", "")
            stamp = pa.array(number + 1_763_000_000_000_000_000).cast(pa.large_string())
            name = name.cast(pa.large_string())
            yield pa.table([name, pa.array(number % 9_000), stamp], schema=MEMBERS)


def plan(members: int, folder: Path) -> list[tuple[str, float, float, float]]:
    """Name, seconds, CPU seconds and peak bytes so far of each step."""
    import resource
    import time

    clock = [time.perf_counter(), time.process_time()]
    from flows.decode import DECODERS
    from flows.lake import part_size, plan_parts
    from flows.release.manifest import Changes, Manifest, PartRecord
    from flows.storage import Listing

    steps = []

    def lap(name: str) -> None:
        now = [time.perf_counter(), time.process_time()]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        steps.append((name, now[0] - clock[0], now[1] - clock[1], peak))
        clock[:] = now

    lap("imports")
    listing = Listing(folder / "listing", tables(members))
    lap("generate and write the listing")
    arrange = DECODERS["deepfashion2"].arrange

    def planned(parent: Manifest | None, name: str):
        (folder / name).mkdir()
        return plan_parts(
            "deepfashion2",
            arrange(listing, None, lambda name: b"").members,
            folder / name,
            versions={"decoder": 1},
            parent=parent,
            size=part_size(members),
            members=members,
        )

    first = planned(None, "first")
    lap(f"plan: {len(first.changed):,} parts to build")
    parts = {
        part.name: PartRecord(part.dataset, part.split, part.fingerprint, {})
        for part in first.changed
    }
    again = planned(
        Manifest("r", "", None, "c", {}, {}, {}, parts, [], [], Changes(""), {}), "again"
    )
    lap(f"plan: {len(again.unchanged):,} unchanged parts")
    return steps


def listed(count: int, folder: Path) -> list[tuple[str, float, float, float]]:
    """The same for listing a folder of so many empty files."""
    import os
    import resource
    import time

    from flows.storage import Listing, Location, list_members

    source = folder / "source"
    for name in ("annos", "image"):
        (source / "train" / name).mkdir(parents=True)
        above = os.open(source / "train" / name, os.O_RDONLY)
        for number in range(count // 2):
            os.close(os.open(f"{number:08d}.json", os.O_CREAT | os.O_WRONLY, dir_fd=above))
        os.close(above)
    started, worked = time.perf_counter(), time.process_time()
    listing = Listing(folder / "files", list_members(Location.parse(source)))
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return [(f"list {listing.num_rows:,} files", seconds, cpu, peak)]


def main() -> None:
    arguments = options(__doc__, members=10_000_000, folder=None, files=0)
    table = Table(step="<40", seconds=">9.1f", CPU_s=">8.1f", MiB_peak=">9,.0f")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        rows = in_process("spawn", plan, arguments.members, Path(folder))
        if arguments.files:
            rows += in_process("spawn", listed, arguments.files, Path(folder))
        for name, seconds, cpu, peak in rows:
            table.row(name, seconds, cpu, peak / MIB)
        size = sum(path.stat().st_size for path in Path(folder).rglob("members-*"))
        print(f"members of parts in staging: {size / MIB:,.0f} MiB")


if __name__ == "__main__":
    main()

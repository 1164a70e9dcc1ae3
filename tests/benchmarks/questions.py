"""Time and peak memory of every statistic, pair set and check on a release of 800,000 items.

    PYTHONPATH=.:tests/support python tests/benchmarks/questions.py [--images 490000] [--only NAME]

Makes up a release (no ingest) in a temporary folder, asks each query in a process of its own and
prints a table; after the pair sets, the checks of pairs are asked again with all sets built.
Peak memory is what that process needed beyond its start.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from builders import made_up_documents, tables_of
from releases import Files, write_files, write_statistic

from flows.warehouse import (
    all_checks,
    contracts,
    open_warehouse,
    queries,
    query,
    run_checks,
    run_query,
    stream_query,
)
from schemas.vocabulary import NEGATIVE_KINDS

PART = 4096
CHECKS = {check.name for check in all_checks()}
OF_PAIRS = [check.name for check in contracts() if check.reads[0] in ("pairs", "triplets")]
AGAIN = ["pair_totals", "pairs_hold_the_rule", "triplets_hold_the_rule", *OF_PAIRS]


def ask(files: Files, name: str, threads: int, pipe: Connection) -> None:
    """One query in this process: seconds, CPU seconds, rows, and MiB beyond what the start took."""
    con = open_warehouse(files, threads=threads)
    con.execute("select 1").fetchall()
    before = peak_memory(reset=True)
    start, worked = time.perf_counter(), time.process_time()
    if name in CHECKS:
        (verdict,) = run_checks(con, only=[name])
        rows = verdict.rows
    else:
        rows = sum(batch.num_rows for batch in stream_query(con, *pair_query(name)))
    seconds, cpu = time.perf_counter() - start, time.process_time() - worked
    pipe.send((seconds, cpu, rows, (peak_memory() - before) / 1024))


def pair_query(name: str) -> tuple[str, dict[str, str]]:
    """The query of a kind of negatives with its parameter; another query as it is."""
    return ("negative_pairs", {"pair_kind": name}) if name in NEGATIVE_KINDS else (name, {})


def peak_memory(*, reset: bool = False) -> int:
    """The most this process had in memory, in KiB; getrusage would count its parent's too."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def measure(files: Files, names: list[str], threads: int) -> Iterator[str]:
    """Each query in a fresh process, so that no memory or cache of another helps or hurts it."""
    context = multiprocessing.get_context("spawn")
    for name in names:
        here, there = context.Pipe()
        process = context.Process(target=ask, args=(files, name, threads, there))
        process.start()
        there.close()
        seconds, cpu, rows, peak = here.recv()
        process.join()
        kind = "checks" if name in CHECKS else query(pair_query(name)[0]).kind
        yield f"{name:<28}{kind:<12}{seconds:>8.2f}{cpu:>8.2f}{rows:>12,}{peak:>8.0f}"


def write_release(folder: Path, images: dict[str, int]) -> Files:
    """So many images per split, repeated in parts with other numbers; positive pairs, statistics.

    Images of a split come in runs of a pair_id, as in the source.
    """
    documents = made_up_documents(0, PART)
    for number, document in documents.items():
        document |= {"pair_id": number // 13, "source": "user" if number % 13 < 4 else "shop"}
    files: Files = {}
    for split, count in images.items():
        tables = tables_of(documents, split)
        for part in range(-(-count // PART)):
            shifted = {name: _shifted(table, part) for name, table in tables.items()}
            last = {
                name: t.filter(pc.less_equal(t["image_id"], count)) for name, t in shifted.items()
            }
            written = write_files(folder, vocabularies=not files, part=part, **last)
            for name, paths in written.items():
                files.setdefault(name, []).extend(paths)
    write_pairs(folder, files, ["positive_pairs"])
    with open_warehouse(files) as con:
        for statistic in queries("statistics"):
            files |= write_statistic(folder, statistic.name, run_query(con, statistic.name))
    return files


def _shifted(table: pa.Table, part: int, last: int) -> pa.Table:
    """The rows with the image_ids and pair_ids of a later part, up to the last image_id."""
    for name, step in (("image_id", PART), ("pair_id", PART // 13 + 1)):
        if name in table.column_names:
            place = table.schema.get_field_index(name)
            field = table.schema.field(place)
            moved = pc.add(table[name], pa.scalar(part * step, field.type))
            table = table.set_column(place, field, moved)
    return table.filter(pc.less_equal(table["image_id"], last))


def write_pairs(folder: Path, files: Files, kinds: Sequence[str], table: str = "pairs") -> None:
    """Add pairs of those kinds, or triplets, to the files of a table."""
    for number, kind in enumerate(kinds, start=len(files.get(table, []))):
        with open_warehouse(files) as con:
            rows = run_query(con, *pair_query(kind))
        written = write_files(folder, vocabularies=False, part=number, **{table: rows})
        files.setdefault(table, []).extend(written.get(table, []))


def made(folder: Path, images: int) -> tuple[Files, Files]:
    """The release, and the release with all pair sets; kept in `folder` for the next time."""
    kept = folder / "files.json"
    if not kept.is_file():
        train = images * 4 // 5
        files = write_release(folder, {"train": train, "validation": images - train})
        built = {table: list(paths) for table, paths in files.items()}
        write_pairs(folder, built, NEGATIVE_KINDS)
        write_pairs(folder, built, ["triplets"], "triplets")
        kept.write_text(json.dumps([files, built], default=str))
    first, second = json.loads(kept.read_text())
    return {t: [Path(p) for p in ps] for t, ps in first.items()}, {
        t: [Path(p) for p in ps] for t, ps in second.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=490_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--folder", type=Path, help="keep the release here, and use it again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        files, built = made(given.folder or Path(temporary), given.images)
        head = f"{'query':<28}{'kind':<12}{'seconds':>8}{'cpu':>8}{'rows':>12}{'MiB':>8}"
        print(head)
        kinds = ("statistics", "pairs")
        written = [query.name for kind in kinds for query in queries(kind)]
        written = [name for name in written if name != "negative_pairs"] + [*NEGATIVE_KINDS]
        names = given.only or [*written, *(check.name for check in all_checks())]
        alone = [name for name in names if name != "triplets"]
        for line in measure(files, alone, given.threads):
            print(line, flush=True)
        print("with all pair sets built:\n" + head)
        again = [name for name in ("triplets", *AGAIN) if name in names]
        for line in measure(built, again, given.threads):
            print(line, flush=True)


if __name__ == "__main__":
    main()

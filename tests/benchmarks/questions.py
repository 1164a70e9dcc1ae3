"""Time and peak memory of every statistic, pair set and check on a release of 800,000 items.

    python tests/benchmarks/questions.py [--images 490000] [--only NAME]

Makes up a release (no ingest) in a temporary folder, asks each query in a process of its own and
prints a table; after the pair sets, the checks of pairs are asked again with all sets built.
Peak memory is what that process needed beyond its start.
"""

import json
import tempfile
from pathlib import Path

from benchmark import Table, in_process, memory_of, options, timed
from duckdb import DuckDBPyConnection
from large_release import pair_query, write_large, write_pairs
from releases import Files, write_statistic

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

CHECKS = {check.name for check in all_checks()}
OF_PAIRS = [check.name for check in contracts() if check.reads[0] in ("pairs", "triplets")]
AGAIN = ["pair_totals", "pairs_hold_the_rule", "triplets_hold_the_rule", *OF_PAIRS]


def ask(files: Files, name: str, threads: int) -> tuple[float, float, int, float]:
    """One query in this process: seconds, CPU seconds, rows, and MiB beyond what the start took."""
    con = open_warehouse(files, threads=threads)
    con.execute("select 1").fetchall()
    Path("/proc/self/clear_refs").write_text("5")  # getrusage would count the parent's peak too
    before = memory_of("VmHWM")
    rows, cost = timed(count_rows, con, name)
    return *cost, rows, memory_of("VmHWM") - before


def count_rows(con: DuckDBPyConnection, name: str) -> int:
    if name in CHECKS:
        (verdict,) = run_checks(con, only=[name])
        return verdict.rows
    return sum(batch.num_rows for batch in stream_query(con, *pair_query(name)))


def measure(files: Files, names: list[str], threads: int) -> None:
    """Each query in a fresh process, so that no memory or cache of another helps or hurts it."""
    table = Table(
        query="<28", kind="<12", seconds=">8.2f", CPU_s=">8.2f", rows=">12,d", MiB=">8.0f"
    )
    for name in names:
        kind = "checks" if name in CHECKS else query(pair_query(name)[0]).kind
        table.row(name, kind, *in_process("spawn", ask, files, name, threads))


def made(folder: Path, images: int) -> tuple[Files, Files]:
    """The release, and the release with all pair sets; kept in `folder` for the next time."""
    kept = folder / "files.json"
    if not kept.is_file():
        train = images * 4 // 5
        files = write_large(folder, {"train": train, "validation": images - train})
        with open_warehouse(files) as con:
            for statistic in queries("statistics"):
                rows = run_query(con, statistic.name)
                files |= write_statistic(folder, statistic.name, rows)
        built = {table: list(paths) for table, paths in files.items()}
        write_pairs(folder, built, NEGATIVE_KINDS)
        write_pairs(folder, built, ["triplets"], "triplets")
        kept.write_text(json.dumps([files, built], default=str))
    first, second = (
        {table: [Path(path) for path in paths] for table, paths in files.items()}
        for files in json.loads(kept.read_text())
    )
    return first, second


def main() -> None:
    chosen = options(__doc__, images=490_000, threads=2, only=[], folder=None)
    with tempfile.TemporaryDirectory() as temporary:
        files, built = made(chosen.folder or Path(temporary), chosen.images)
        names = [query.name for kind in ("statistics", "pairs") for query in queries(kind)]
        names = [name for name in names if name != "negative_pairs"] + [*NEGATIVE_KINDS]
        names = chosen.only or [*names, *(check.name for check in all_checks())]
        measure(files, [name for name in names if name != "triplets"], chosen.threads)
        print("with all pair sets built:")
        measure(built, [name for name in ("triplets", *AGAIN) if name in names], chosen.threads)


if __name__ == "__main__":
    main()

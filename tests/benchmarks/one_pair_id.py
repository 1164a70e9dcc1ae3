"""Pair sets and checks of pairs where all items have one pair_id, which makes most pairs.

    python tests/benchmarks/one_pair_id.py [--items 16000] [--styles 1] [--most 1000]

Makes images with an item each, half of them consumers' and half shops', in a temporary folder, and
runs each query in a process of its own: positive pairs, at most --most for a query, each kind of
negatives, at most --negatives, triplets, then the checks. Pairs are written to files, as an ingest
writes them; MB is their size. Peak memory is what a process needed beyond its start; --memory
limits that of DuckDB.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from benchmark import Table, in_process, memory_of, options, timed
from large_release import pair_query
from releases import Files, write_files

from flows.lake.write import write_derived
from flows.warehouse import open_warehouse, query, run_checks, stream_query
from schemas import TABLES
from schemas.vocabulary import NEGATIVE_KINDS

DATASET, SPLIT = "deepfashion2", "train"
CHECKS = ("pairs_hold_the_rule", "positive_pairs_left_out", "triplets_hold_the_rule")


def release(folder: Path, items: int, styles: int) -> Files:
    """Images 1 to `items`: a consumer's and a shop's in turn, styles 1 to `styles` in turn."""
    numbers = np.arange(items)
    columns: dict[str, Any] = {
        "dataset": DATASET, "split": SPLIT, "image_id": numbers + 1, "item_no": 1,
        "file_name": "x", "annotated": True, "image_status": "ok", "pair_id": 7,
        "source": pa.array(["user", "shop"]).take(pa.array(numbers % 2)),
        "category_id": numbers // 2 % 13 + 1, "category_name": "skirt",
        "style": numbers // 2 % styles + 1, "document_order": 1,
    }  # fmt: skip
    tables = {}
    for name in ("images", "items"):
        values = [
            pa.array(value).cast(field.type)
            if isinstance(value, np.ndarray | pa.Array)
            else pa.repeat(pa.scalar(value, field.type), items)
            for field in TABLES[name].schema
            for value in [columns.get(field.name, None if field.nullable else 0)]
        ]
        tables[name] = pa.table(values, schema=TABLES[name].schema)
    return write_files(folder, **tables)


def build(
    folder: Path, files: Files, name: str, memory: str, number: int, limits: dict[str, int]
) -> Any:
    """Write the rows of a query as the table's files: their number, cost and memory."""
    before = memory_of("VmHWM")
    named, parameters = pair_query(name)
    table = "triplets" if name == "triplets" else "pairs"
    names = query(named).param_names

    def written() -> list[Any]:
        with open_warehouse(files, only=query(named).reads, memory_limit=memory) as con:
            values = {key: value for key, value in limits.items() if key in names}
            rows = stream_query(con, named, values | parameters)
            return write_derived(folder, table, rows, number=number)

    records, cost = timed(written)
    return records, cost, memory_of("VmHWM") - before, table


def check(files: Files, name: str, memory: str, most: int) -> Any:
    before = memory_of("VmHWM")
    with open_warehouse(files, memory_limit=memory) as con:
        (verdict,), cost = timed(
            lambda: run_checks(con, only=[name], settings={"max_positives": most})
        )
    return verdict, cost, memory_of("VmHWM") - before


def main() -> None:
    chosen = options(
        __doc__, items=16_000, styles=1, most=1_000, negatives=50, memory="4GB", only=[]
    )
    limits = {"max_positives": chosen.most, "max_per_query": chosen.negatives}
    folder = Path(tempfile.mkdtemp(prefix="one-pair-id-"))
    try:
        files = release(folder, chosen.items, chosen.styles)
        table = Table(
            query="<26", rows=">13,", seconds=">10.1f", CPU=">10.1f", MiB=">10,.0f", MB=">10,.1f"
        )
        for number, name in enumerate(("positive_pairs", *NEGATIVE_KINDS, "triplets")):
            if not chosen.only or name in chosen.only:
                records, cost, peak, written = in_process(
                    "fork", build, folder, files, name, chosen.memory, number, limits
                )
                files.setdefault(written, []).extend(folder / record.path for record in records)
                rows, size = (
                    sum(getattr(r, count) for r in records) for count in ("rows", "bytes")
                )
                table.row(name, rows, cost.seconds, cost.cpu, peak, size / 1e6)
        for name in CHECKS:
            if not chosen.only or name in chosen.only:
                verdict, cost, peak = in_process(
                    "fork", check, files, name, chosen.memory, chosen.most
                )
                table.row(name, verdict.rows, cost.seconds, cost.cpu, peak, 0)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

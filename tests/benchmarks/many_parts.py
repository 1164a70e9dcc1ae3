"""What a release of many parts costs apart from its rows: a part of a few rows, linked many times.

    python tests/benchmarks/many_parts.py [--parts 25000] [--only STEP ...]

Makes a lake with two releases of that many parts (five small files each, of which one part differs)
in a temporary folder, then takes each step in a process of its own. Peak memory is what that
process needed beyond its start. Rows are few and equal: what grows with them is in questions.py.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from benchmark import Table, in_process, memory_of, options, remove_lake, timed
from builders import made_up_documents, tables_of

from flows.lake import Lake, Staging, plan_parts
from flows.lake.changes import describe_changes
from flows.lake.plan import Part
from flows.lake.write import write_part
from flows.release import FileRecord, Manifest, Receipt, differing_files, require_files
from flows.warehouse import open_read_only, open_warehouse
from flows.warehouse.diff import diff_tables
from schemas import TABLES
from schemas.source import ARRANGED

DATASET, SPLIT = "deepfashion2", "train"
LINKS = 20_000
"""Of one file: file systems limit their number (ext4: 65,000)."""


def members(parts: int) -> pa.Table:
    """An arranged source with a document in each part."""
    rows = {
        "role": ["document"] * parts,
        "name": [f"train/annos/{number:08d}.json" for number in range(parts)],
        "size": [1_000] * parts,
        "stamp": ["0"] * parts,
        "split": [SPLIT] * parts,
        "part": list(range(parts)),
        "image_id": list(range(parts)),
    }
    return pa.table({name: rows[name] for name in ARRANGED.names}, schema=ARRANGED)


def plan(parts: int, parent: Manifest | None) -> object:
    return plan_parts(DATASET, members(parts), versions={"decoder": 1}, parent=parent)


def receipt(folder: Path, part: Part) -> Receipt:
    """The receipt of a part whose files are written, or links to those of an earlier part."""
    first = part.number - part.number % LINKS
    path = folder / f"images/dataset={DATASET}/split={SPLIT}/part-{first:05d}.parquet"
    if first == part.number:
        tables = tables_of(made_up_documents(0, 4), SPLIT)
        records = write_part(folder, part, tables)
    else:
        records = RECORDS
        for record in records:
            name = Path(record.path)
            source = folder / name.parent / path.name
            os.link(source, folder / name.parent / f"part-{part.number:05d}.parquet")
    renamed = [
        FileRecord(
            str(Path(record.path).parent / f"part-{part.number:05d}.parquet"),
            record.table, record.rows, record.bytes, record.sha256, part.name,
        )
        for record in records
    ]  # fmt: skip
    RECORDS[:] = renamed
    rows = {record.table: record.rows for record in renamed}
    counts = {"documents_read": rows["images"], "items_read": rows["items"]}
    return Receipt(part.name, part.fingerprint, tuple(renamed), counts)


RECORDS: list[FileRecord] = []


def first_release(lake: Path, parts: int) -> None:
    with Lake(lake).writing() as staging:
        staging.record(receipt(staging.folder, part) for part in plan(parts, None).changed)
        publish(staging)


def publish(staging: Staging) -> None:
    staging.publish(inputs={DATASET: {"listing": "0"}})


def second_release(lake: Path, parts: int) -> None:
    """As an ingest after a change of one part: the others are linked."""
    with Lake(lake).writing() as staging:
        changed = f"{DATASET}/{SPLIT}/00000"
        staging.link(name for name in staging.parent.manifest.parts if name != changed)
        part = Part(DATASET, SPLIT, 0, "", ARRANGED.empty_table())
        tables = tables_of(made_up_documents(1, 4), SPLIT)
        records = write_part(staging.folder, part, tables)
        rows = {record.table: record.rows for record in records}
        counts = {"documents_read": rows["images"], "items_read": rows["items"]}
        staging.record([Receipt(part.name, "", records, counts)])
        publish(staging)


def release(lake: Path):
    return Lake(lake).release()


def steps(lake: Path, parts: int) -> dict[str, Callable[[], object]]:
    def both():
        return Lake(lake).releases()[:2]

    def diff():
        new, old = both()
        files = {name: differing_files(old, new, name) for name in TABLES}
        return diff_tables(
            {name: pair[0] for name, pair in files.items()},
            {name: pair[1] for name, pair in files.items()},
            new.files("items"),
        ).num_rows

    def describe():
        new, old = both()
        return describe_changes(old.manifest, new.manifest.parts, new.manifest.files)

    def ask(*statements, only=None):
        with open_warehouse(release(lake).tables(), only=only) as con:
            return [con.sql(text).fetchall() for text in statements]

    def user():
        opened = release(lake)
        return open_read_only(opened.tables()).sql("select count(*) from images").fetchall()

    of_image = "select * from items where image_id = 3 limit 5"
    return {
        "read the manifest": lambda: len(release(lake).manifest.files),
        "files by table": lambda: len(release(lake).tables()),
        "require the files": lambda: require_files(release(lake), release(lake).manifest.files),
        "plan on the parent": lambda: len(plan(parts, release(lake).manifest).unchanged),
        "describe the changes": describe,
        "diff": diff,
        "open the warehouse": lambda: ask(),
        "open only items": lambda: ask(only=["items"]),
        "count images": lambda: ask("select count(*) from images"),
        "items of an image": lambda: ask(of_image, only=["items"]),
        "user SQL": user,
        "verify": lambda: len(Lake(lake).verify()),
    }


def measure(step: Callable[[], object]) -> tuple[object, object, float]:
    before = memory_of("VmHWM")
    result, cost = timed(step)
    return str(result)[:40], cost, memory_of("VmHWM") - before


def main() -> None:
    chosen = options(__doc__, parts=25_000, only=[], folder=None)
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="many-parts-"))
    lake = folder / "lake"
    table = Table(step="<24", seconds=">10.1f", CPU=">10.1f", MiB=">10,.0f", result=">42")
    makers = {
        "publish new parts": lambda: first_release(lake, chosen.parts),
        "publish a change": lambda: second_release(lake, chosen.parts),
    }
    if not lake.exists():
        for name, make in makers.items():
            result, cost, memory = in_process("fork", measure, make)
            table.row(name, cost.seconds, cost.cpu, memory, result)
    try:
        for name, step in steps(lake, chosen.parts).items():
            if not chosen.only or any(word in name for word in chosen.only):
                result, cost, memory = in_process("fork", measure, step)
                table.row(name, cost.seconds, cost.cpu, memory, result)
    finally:
        if not chosen.folder:
            remove_lake(lake)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""The files of a DeepFashion2 release of any size, without an ingest, for the other benchmarks."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from builders import made_up_documents, tables_of
from releases import Files, write_files

from flows.warehouse import open_warehouse, run_query
from schemas.vocabulary import NEGATIVE_KINDS

PART = 4096


def write_large(folder: Path, images: dict[str, int]) -> Files:
    """So many images per split, with their positive pairs.

    The same part is repeated with other numbers; images come in runs of a pair_id, as in the data.
    """
    documents = made_up_documents(0, PART)
    for number, document in documents.items():
        document |= {"pair_id": number // 13, "source": "user" if number % 13 < 4 else "shop"}
    files: Files = {}
    for split, count in images.items():
        tables = tables_of(documents, split)
        for part in range(-(-count // PART)):
            shifted = {name: _shifted(table, part, count) for name, table in tables.items()}
            written = write_files(folder, vocabularies=not files, part=part, **shifted)
            for name, paths in written.items():
                files.setdefault(name, []).extend(paths)
    write_pairs(folder, files, ["positive_pairs"])
    return files


def _shifted(table: pa.Table, part: int, last: int) -> pa.Table:
    """The rows with the image_ids and pair_ids of a later part, up to the last image_id."""
    for name, step in (("image_id", PART), ("pair_id", PART // 13 + 1)):
        if name in table.column_names:
            place = table.schema.get_field_index(name)
            field = table.schema.field(place)
            numbers = pc.add(table[name], pa.scalar(part * step, field.type))
            table = table.set_column(place, field, numbers)
    return table.filter(pc.less_equal(table["image_id"], last))


def pair_query(name: str) -> tuple[str, dict[str, str]]:
    """The query of a kind of negatives with its parameter; another query as it is."""
    return ("negative_pairs", {"pair_kind": name}) if name in NEGATIVE_KINDS else (name, {})


def write_pairs(folder: Path, files: Files, kinds: Sequence[str], table: str = "pairs") -> None:
    """Add pairs of those kinds, or triplets, to the files of a table."""
    for number, kind in enumerate(kinds, start=len(files.get(table, []))):
        with open_warehouse(files) as con:
            rows = run_query(con, *pair_query(kind))
        written = write_files(folder, vocabularies=False, part=number, **{table: rows})
        files.setdefault(table, []).extend(written.get(table, []))

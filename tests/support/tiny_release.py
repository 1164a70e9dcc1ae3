"""Releases of a handful of rows, written as the lake writes them: what is not said is plain."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flows.warehouse import open_warehouse, queries, run_query
from schemas import TABLES
from schemas.landmark_types import category_rows, landmark_type_rows

Files = dict[str, list[Path]]
Row = Mapping[str, Any]

PLAIN: dict[str, Any] = {
    "dataset": "deepfashion2",
    "split": "train",
    "image_id": 1,
    "item_no": 1,
    "file_name": "000001.jpg",
    "annotated": True,
    "image_status": "ok",
    "category_id": 9,
    "category_name": "skirt",
    "document_order": 1,
    "visibility": "visible",
    "closed": True,
    "list_file": "lists.json",
    "image": {"bytes": b"", "path": ""},
}


def tiny_release(folder: Path, *, vocabularies: bool = True, **tables: Iterable[Row]) -> Files:
    """Files of the tables given as rows; columns left out are plain, 0, or null where allowed."""
    files: Files = {}
    for name, given in tables.items():
        schema = TABLES[name].schema
        full = [{field.name: _plain(field) for field in schema} | dict(row) for row in given]
        places: dict[str, list[Row]] = {}
        for row in full:
            keys = TABLES[name].partition_by
            places.setdefault("/".join(f"{key}={row[key]}" for key in keys), []).append(row)
        for place, rows in places.items():
            file_rows = pa.Table.from_pylist(rows, schema=TABLES[name].file_schema)
            _write(files, name, folder / name / place / "part-00000.parquet", file_rows)
    if vocabularies:
        _write(files, "categories", folder / "categories.parquet", category_rows())
        _write(files, "landmark_types", folder / "landmark_types.parquet", landmark_type_rows())
    return files


def _plain(field: pa.Field) -> Any:
    if field.nullable:
        return None
    if pa.types.is_list(field.type):
        return []
    empty = "" if pa.types.is_string(field.type) else 0
    return PLAIN.get(field.name, empty)


def _write(files: Files, table: str, path: Path, rows: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    files.setdefault(table, []).append(path)


def answers(files: Files, name: str, **parameters: object) -> list[dict[str, Any]]:
    """The rows of a query over those files."""
    reads = {query.name: query.reads for query in queries()}
    with open_warehouse(files, only=reads.get(name)) as con:
        return run_query(con, name, parameters).to_pylist()


def negatives(files: Files, kind: str, **parameters: object) -> list[dict[str, Any]]:
    """The negative pairs of a kind."""
    return answers(files, "negative_pairs", pair_kind=kind, **parameters)


def with_pairs(folder: Path, files: Files, *kinds: str, **parameters: object) -> Files:
    """The release with a pairs table: the positive pairs, and negatives of those kinds."""
    con = open_warehouse(files)
    built = [run_query(con, "positive_pairs")]
    built += [run_query(con, "negative_pairs", {"pair_kind": kind, **parameters}) for kind in kinds]
    rows = pa.concat_tables(built).to_pylist()
    files = {name: paths for name, paths in files.items() if name != "pairs"}
    return files | tiny_release(folder / "pairs", vocabularies=False, pairs=rows)


def photo(image_id: int, source: str, pair_id: int, **more: Any) -> Row:
    """An images row."""
    name = f"{image_id:06d}.jpg"
    return {"image_id": image_id, "source": source, "pair_id": pair_id, "file_name": name} | more


def garment(image_id: int, style: int | None, item_no: int = 1, **more: Any) -> Row:
    """An items row."""
    return {"image_id": image_id, "item_no": item_no, "style": style} | more

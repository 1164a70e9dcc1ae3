"""Releases from rows: files in the lake's layout, and with pictures and a manifest to feed from."""

import fcntl
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from builders import Row, rows
from PIL import Image

from flows.flatten import flatten
from flows.lake import Part, write_part
from flows.release.manifest import Changes, FileRecord, Manifest, encode_manifest
from flows.warehouse import open_warehouse, queries, run_query
from schemas import TABLES
from schemas.annotation import ANNOTATION
from schemas.categories import category
from schemas.landmark_types import category_rows, landmark_type_rows
from schemas.vocabulary import OCCLUDED, UNLABELLED, VISIBLE

Files = dict[str, list[Path]]
WORDS = (UNLABELLED, OCCLUDED, VISIBLE)


def built_once(tmp_path_factory: Any, name: str, build: Callable[[Path], object]) -> Path:
    """A folder that the first of pytest's workers builds, and that all of them read."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.with_suffix(".done").exists():
            folder.mkdir()
            build(folder)
            folder.with_suffix(".done").touch()
    return folder


# Files of a release, without a manifest.


def write_files(
    folder: Path, *, vocabularies: bool = True, part: int = 0, **tables: Iterable[Row] | pa.Table
) -> Files:
    """Files of tables given as rows or as Arrow tables; columns left out of rows are plain."""
    files: Files = {}
    for name, given in tables.items():
        table = given if isinstance(given, pa.Table) else rows(name, *given)
        keys = TABLES[name].partition_by
        groups = table.group_by(keys, use_threads=False).aggregate([]) if keys else pa.table({})
        for place in groups.to_pylist() or [{}] * (not keys):
            own = table
            for key, value in place.items():
                own = own.filter(pc.equal(own[key], value))
            steps = [f"{key}={value}" for key, value in place.items()]
            path = folder.joinpath(name, *steps, f"part-{part:05d}.parquet")
            _write(files, name, path, own.select(TABLES[name].file_schema.names))
    if vocabularies:
        _write(files, "categories", folder / "categories.parquet", category_rows())
        _write(files, "landmark_types", folder / "landmark_types.parquet", landmark_type_rows())
    return files


def write_statistic(path: Path, name: str, given: pa.Table) -> Files:
    """A stored statistic with these rows."""
    files: Files = {}
    _write(files, f"statistics/{name}", path / f"{name}.parquet", given)
    return files


def _write(files: Files, table: str, path: Path, given: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(given, path)
    files.setdefault(table, []).append(path)


def files_in(folder: Path) -> Files:
    """The files of a folder that `write_files` filled, by table."""
    files: Files = {}
    for path in sorted(folder.rglob("*.parquet")):
        table = path.relative_to(folder).parts[0].removesuffix(".parquet")
        files.setdefault(table, []).append(path)
    return files


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
    with open_warehouse(files) as con:
        built = [run_query(con, "positive_pairs")]
        for kind in kinds:
            built.append(run_query(con, "negative_pairs", {"pair_kind": kind, **parameters}))
    return files | write_files(folder, vocabularies=False, pairs=pa.concat_tables(built))


# A release with pictures and a manifest, to feed from.


def jpeg(width: int, height: int, seed: int = 0, quality: int = 90) -> bytes:
    """A smooth coloured picture, another for each seed."""
    rough = np.random.default_rng(seed).integers(0, 255, (5, 4, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC).save(
        out, "JPEG", quality=quality
    )
    return out.getvalue()


def png(pixels: np.ndarray) -> bytes:
    """An array as a PNG file."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def item(category_id: int = 9, **given: Any) -> dict[str, Any]:
    """One item: a box, landmarks [(x, y, code)] as its category has them, one polygon."""
    if "landmarks" not in given:
        count = category("deepfashion2", category_id).landmarks
        given["landmarks"] = [(8.0 + k, 12.0 + k, 2) for k in range(count)]
    return {
        "category_id": category_id,
        "style": 0,
        "box": (8.0, 12.0, 40.0, 60.0),
        "polygons": [[8.0, 12.0, 40.0, 12.0, 40.0, 60.0, 8.0, 12.0]],
    } | given


def image(number: int, *items: Row, **given: Any) -> dict[str, Any]:
    """One image of 64 x 80 with its items, numbered from 1; `picture` is generated unless given."""
    return {
        "image_id": number,
        "file_name": f"{number:06d}.jpg",
        "annotated": True,
        "width": 64,
        "height": 80,
        "format": "jpeg",
        "image_status": "ok",
        "source": "user",
        "pair_id": 1,
        "items": items,
    } | given


def write_release(
    folder: Path,
    images: list[dict[str, Any]],
    *,
    dataset: str = "deepfashion2",
    pictures: str = "folder",
    pairs: bool = False,
    triplets: bool = False,
    per_part: int = 4,
    name: str = "20261121T031500Z-00000001",
) -> Path:
    """A release of these train images; `pictures` is folder, zips, embedded or none. Its path."""
    release = folder / "lake" / "releases" / name
    release.mkdir(parents=True)
    records: list[FileRecord] = []
    for number, start in enumerate(range(0, max(len(images), 1), per_part)):
        batch = _annotations(images[start : start + per_part], dataset, pictures == "embedded")
        tables = {table: pa.Table.from_batches([rows]) for table, rows in flatten(batch).items()}
        part = Part(dataset, "train", number, "", rows=0, file=Path(), batch=0)
        records += write_part(release, part, [tables])
    if pairs:
        made = with_pairs(release, files_in(release), "negative_random")
        if triplets:
            with open_warehouse(made) as con:
                rows = run_query(con, "triplets")
            made |= write_files(release, vocabularies=False, triplets=rows)
        records += [
            FileRecord(str(path.relative_to(release)), table, 0, 0, "")
            for table in ("pairs", "triplets")
            for path in made.get(table, ())
        ]
    for table, words in (("categories", category_rows()), ("landmark_types", landmark_type_rows())):
        pq.write_table(words, release / f"{table}.parquet")
        records.append(FileRecord(f"{table}.parquet", table, 0, 0, ""))
    inputs = {}
    if pictures in ("folder", "zips"):
        inputs[dataset] = _pictures(folder / "source", images, pictures)
    write_manifest(release, records, inputs, content=str(len(images)))
    return release


def write_manifest(
    release: Path, files: list[FileRecord], inputs: dict[str, Any], *, content: str
) -> None:
    """The manifest of a release of these files."""
    manifest = Manifest(
        release=release.name,
        created=datetime(2026, 11, 21, tzinfo=UTC),
        parent=None,
        content=content,
        versions={},
        inputs=inputs,
        parameters={},
        parts={},
        files=files,
        checks=[],
        changes=Changes(""),
        runs={},
    )
    (release / "manifest.json").write_bytes(encode_manifest(manifest))


def _annotations(images: list[dict[str, Any]], dataset: str, embedded: bool) -> pa.RecordBatch:
    nested = []
    for image in images:
        items = [
            thing
            | dict(zip(("x1", "y1", "x2", "y2"), thing["box"] or (None,) * 4, strict=True))
            | {"item_no": number, "document_order": number}
            | {"category_name": category(dataset, thing["category_id"]).name}
            | {"landmarks": [_landmark(*point) for point in thing["landmarks"]]}
            for number, thing in enumerate(image["items"], start=1)
        ]
        own = {"dataset": dataset, "split": "train", "items": items, "picture": None}
        if embedded:
            own["picture"] = {"bytes": bytes_of(image), "path": image["file_name"]}
        nested.append(image | own)
    return pa.RecordBatch.from_pylist(nested, schema=ANNOTATION)


def _landmark(x: float, y: float, code: int) -> dict[str, Any]:
    return {"x": x if code else None, "y": y if code else None, "visibility": WORDS[code]}


def bytes_of(image: Row) -> bytes:
    """The picture of an image: its own `picture`, or a generated one."""
    return image.get("picture") or jpeg(image["width"], image["height"], image["image_id"])


def _pictures(source: Path, images: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    pattern = "train/image/{file_name}"
    members = {pattern.format(file_name=one["file_name"]): bytes_of(one) for one in images}
    source.mkdir(parents=True, exist_ok=True)
    if kind == "zips":
        with zipfile.ZipFile(source / "train.zip", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    else:
        for name, data in members.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
    return {"location": str(source), "kind": kind, "pictures": {"train": pattern}}

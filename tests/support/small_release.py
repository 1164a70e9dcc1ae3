"""A release made by hand for the feed's tests: Parquet in the lake's layout and a manifest."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from flows.release.manifest import Changes, FileRecord, Manifest, encode_manifest
from schemas import TABLES
from schemas.categories import category
from schemas.vocabulary import OCCLUDED, UNLABELLED, VISIBLE

WORDS = (UNLABELLED, OCCLUDED, VISIBLE)
Row = dict[str, Any]


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


def item(category_id: int = 9, **given: Any) -> Row:
    """One item: a box, landmarks [(x, y, code)] as its category has them, one polygon."""
    row: Row = {
        "category_id": category_id,
        "style": 0,
        "box": (8.0, 12.0, 40.0, 60.0),
        "polygons": [[8.0, 12.0, 40.0, 12.0, 40.0, 60.0, 8.0, 12.0]],
    }
    if "landmarks" not in given:
        count = category("deepfashion2", category_id).landmarks
        row["landmarks"] = [(8.0 + k, 12.0 + k, 2) for k in range(count)]
    return row | given


def image(number: int, *items: Row, **given: Any) -> Row:
    """One image of 64 x 80 with its items, numbered from 1."""
    row: Row = {
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
    }
    return row | given


def write_release(
    folder: Path,
    images: list[Row],
    *,
    dataset: str = "deepfashion2",
    split: str = "train",
    pictures: str = "folder",
    per_part: int = 4,
    name: str = "20261121T031500Z-00000001",
) -> Path:
    """A release of these images; `pictures` is folder, zips, embedded or none. Returns its path."""
    release = folder / "lake" / "releases" / name
    for number, start in enumerate(range(0, max(len(images), 1), per_part)):
        tables = _rows(images[start : start + per_part])
        if pictures == "embedded":
            tables["pictures"] = [
                {
                    "image_id": one["image_id"],
                    "image": {"bytes": bytes_of(one), "path": one["file_name"]},
                }
                for one in images[start : start + per_part]
            ]
        for table, rows in tables.items():
            _write(release, table, dataset, split, rows, f"part-{number:05d}")
    _write(release, "pairs", dataset, split, _pairs(images), "pairs")
    source = folder / "source"
    inputs: Row = {}
    if pictures in ("folder", "zips"):
        inputs = {dataset: _written(source, split, images, pictures)}
    files = [
        FileRecord(path, path.partition("/")[0], 0, 0, "")
        for path in sorted(str(file.relative_to(release)) for file in release.rglob("*.parquet"))
    ]
    manifest = Manifest(
        release=name,
        created=datetime(2026, 11, 21, tzinfo=UTC),
        parent=None,
        content=str(len(images)),
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
    return release


def bytes_of(one: Row) -> bytes:
    """The picture of an image: its own `picture`, or a generated one."""
    return one.get("picture") or jpeg(one["width"], one["height"], one["image_id"])


def _written(source: Path, split: str, images: list[Row], kind: str) -> Row:
    pattern = split + "/image/{file_name}"
    members = {pattern.format(file_name=one["file_name"]): bytes_of(one) for one in images}
    source.mkdir(parents=True, exist_ok=True)
    if kind == "zips":
        with zipfile.ZipFile(source / f"{split}.zip", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    else:
        for name, data in members.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
    return {"location": str(source), "kind": kind, "pictures": {split: pattern}}


def _rows(images: list[Row]) -> dict[str, list[Row]]:
    """The four tables of some images, row by row."""
    tables: dict[str, list[Row]] = {"images": [], "items": [], "landmarks": [], "polygons": []}
    for one in images:
        tables["images"].append(one)
        for number, thing in enumerate(one["items"], start=1):
            key = {"image_id": one["image_id"], "item_no": number}
            box = thing["box"] or (None,) * 4
            codes = [code for _, _, code in thing["landmarks"]]
            tables["items"].append(
                {
                    **key,
                    **dict(zip(("x1", "y1", "x2", "y2"), box, strict=True)),
                    "category_id": thing["category_id"],
                    "category_name": "any",
                    "style": thing["style"],
                    "landmarks_visible": codes.count(2),
                    "landmarks_occluded": codes.count(1),
                    "polygon_count": len(thing["polygons"]),
                    "document_order": number,
                }
            )
            tables["landmarks"] += [
                {
                    **key,
                    "landmark_no": place,
                    "x": x if code else None,
                    "y": y if code else None,
                    "visibility": WORDS[code],
                }
                for place, (x, y, code) in enumerate(thing["landmarks"], start=1)
            ]
            tables["polygons"] += [
                {
                    **key,
                    "polygon_no": place,
                    "points": points,
                    "point_count": len(points) // 2,
                    "closed": points[:2] == points[-2:],
                    "area": 1.0,
                }
                for place, points in enumerate(thing["polygons"], start=1)
            ]
    return tables


def _pairs(images: list[Row]) -> list[Row]:
    """Positive pairs by the rule of sql/pairs, and one negative to be passed over."""
    things = [
        {
            "image_id": one["image_id"],
            "item_no": number,
            "pair_id": one["pair_id"],
            "style": thing["style"],
            "category_id": thing["category_id"],
            "source": one["source"],
        }
        for one in images
        for number, thing in enumerate(one["items"], start=1)
    ]
    keys = ("image_id", "item_no", "pair_id", "style", "category_id")
    rows = []
    for user in (one for one in things if one["source"] == "user"):
        for shop in (one for one in things if one["source"] == "shop"):
            same = user["pair_id"] == shop["pair_id"] and user["style"] == shop["style"]
            row = {"pair_kind": "positive" if same and user["style"] else "negative_random"}
            row |= {f"user_{key}": user[key] for key in keys}
            row |= {f"shop_{key}": shop[key] for key in keys}
            rows.append(row)
    return rows


def _write(release: Path, table: str, dataset: str, split: str, rows: list[Row], name: str) -> None:
    folder = release / table / f"dataset={dataset}" / f"split={split}"
    folder.mkdir(parents=True, exist_ok=True)
    arrow = pa.Table.from_pylist(rows, schema=TABLES[table].file_schema)
    pq.write_table(arrow, folder / f"{name}.parquet", row_group_size=100)

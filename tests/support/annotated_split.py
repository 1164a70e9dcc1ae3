"""DeepFashion2 documents made up by a seed, and the lake's tables of them, made independently."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas import TABLES
from schemas.categories import CATEGORIES
from schemas.landmark_types import category_rows, landmark_type_rows
from schemas.vocabulary import DEEPFASHION2_CODES, DEEPFASHION2_VISIBILITY

Documents = dict[int, dict]
"""By image number; `width` and `height` stand beside what a document has."""


def made_up_documents(seed: int, images: int = 5) -> Documents:
    """Documents as the source writes them: item keys in any order, polygons of ints or floats."""
    rng = random.Random(seed)
    documents = {}
    for number in range(1, images + 1):
        width, height = rng.randint(100, 900), rng.randint(100, 900)
        count = rng.choice((0, 1, 1, 2, 3)) if number > 1 else 2
        keys = rng.sample(range(1, count + 2), count)
        document = {f"item{key}": _item(rng, width, height) for key in keys}
        documents[number] = document | {
            "source": rng.choice(("user", "shop")),
            "pair_id": rng.randint(1, 3),
            "width": width,
            "height": height,
        }
    return documents


def _item(rng: random.Random, width: int, height: int) -> dict:
    category = rng.choice(CATEGORIES["deepfashion2"])
    landmarks: list[int] = []
    for _ in range(category.landmarks):
        visibility = rng.choice((0, 1, 2, 2))
        point = [rng.randint(0, width), rng.randint(0, height)] if visibility else [0, 0]
        landmarks += [*point, visibility]
    whole = rng.random() < 0.5
    polygons = []
    for _ in range(rng.randint(0, 3)):
        points = [rng.uniform(0, 500) for _ in range(2 * rng.randint(3, 9))]
        polygons.append([round(point) if whole else round(point, 2) for point in points])
    x1, y1 = rng.randint(0, width - 2), rng.randint(0, height - 2)
    return {
        "segmentation": polygons,
        "scale": rng.randint(1, 3),
        "viewpoint": rng.randint(1, 3),
        "zoom_in": rng.randint(1, 3),
        "landmarks": landmarks,
        "style": rng.randint(0, 3),
        "bounding_box": [x1, y1, rng.randint(x1 + 1, width), rng.randint(y1 + 1, height)],
        "category_id": category.category_id,
        "occlusion": rng.randint(1, 3),
        "category_name": category.name,
    }


def items_of(document: dict) -> list[tuple[int, dict]]:
    """The items of a document with their numbers, in the order of its keys."""
    return [(int(key[4:]), item) for key, item in document.items() if key.startswith("item")]


def tables_of(documents: Documents, split: str = "train") -> dict[str, pa.Table]:
    """The lake's tables of some documents, in the order the lake keeps: image, item, number."""
    rows: dict[str, list[dict]] = {
        name: [] for name in ("images", "items", "landmarks", "polygons")
    }
    for number, document in documents.items():
        key = {"dataset": "deepfashion2", "split": split, "image_id": number}
        rows["images"].append(_image_row(key, document))
        for place, (item_no, item) in enumerate(items_of(document), start=1):
            own = key | {"item_no": item_no}
            rows["items"].append(_item_row(own, place, item))
            rows["landmarks"] += _landmark_rows(own, item["landmarks"])
            rows["polygons"] += _polygon_rows(own, item["segmentation"])
    return sorted_tables(rows)


def sorted_tables(rows: dict[str, list[dict]]) -> dict[str, pa.Table]:
    """Rows as declared tables in the order of their keys; columns that are not named are null."""
    tables = {}
    for name, some in rows.items():
        declared = TABLES[name]
        table = pa.Table.from_pylist(some, schema=declared.schema)
        tables[name] = table.sort_by([(column, "ascending") for column in declared.key])
    return tables


def files_of(folder: Path, *released: dict[str, pa.Table]) -> dict[str, list[Path]]:
    """Tables as Parquet files in the lake's layout, one file of each table per part given."""
    files: dict[str, list[Path]] = {}
    for part, tables in enumerate(released):
        for name, table in tables.items():
            declared = TABLES[name]
            for split in sorted(set(table["split"].to_pylist())):
                own = table.filter(pa.compute.equal(table["split"], split))
                dataset = own["dataset"][0].as_py()
                place = folder / name / f"dataset={dataset}" / f"split={split}"
                place.mkdir(parents=True, exist_ok=True)
                path = place / f"part-{part:05}.parquet"
                pq.write_table(own.select(declared.file_schema.names), path)
                files.setdefault(name, []).append(path)
    for name, table in (("categories", category_rows()), ("landmark_types", landmark_type_rows())):
        path = folder / f"{name}.parquet"
        pq.write_table(table, path)
        files[name] = [path]
    return files


def _image_row(key: dict, document: dict) -> dict:
    known = document["width"] is not None
    return key | {
        "file_name": f"{key['image_id']:06}.jpg",
        "annotated": True,
        "width": document["width"],
        "height": document["height"],
        "format": "jpeg" if known else None,
        "image_status": "ok" if known else "missing",
        "source": document["source"],
        "pair_id": document["pair_id"],
    }


def _item_row(own: dict, place: int, item: dict) -> dict:
    codes = item["landmarks"][2::3]
    return own | {
        "category_id": item["category_id"],
        "category_name": item["category_name"],
        "style": item["style"],
        **dict(zip(("x1", "y1", "x2", "y2"), item["bounding_box"], strict=True)),
        **{name: words[item[name]] for name, words in DEEPFASHION2_CODES.items()},
        "landmarks_visible": codes.count(2),
        "landmarks_occluded": codes.count(1),
        "polygon_count": len(item["segmentation"]),
        "document_order": place,
    }


def _landmark_rows(own: dict, flat: list[int]) -> list[dict]:
    triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return [
        own
        | {
            "landmark_no": number,
            "x": x if v else None,
            "y": y if v else None,
            "visibility": DEEPFASHION2_VISIBILITY[v],
        }
        for number, (x, y, v) in enumerate(triples, start=1)
    ]


def _polygon_rows(own: dict, polygons: list[list[float]]) -> list[dict]:
    return [
        own
        | {
            "polygon_no": number,
            "points": points,
            "point_count": len(points) // 2,
            "closed": points[:2] == points[-2:],
            "area": 0.0,
        }
        for number, points in enumerate(polygons, start=1)
    ]

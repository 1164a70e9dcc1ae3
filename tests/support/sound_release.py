"""A release of a few rows in which everything is right, and copies of it with one thing broken."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tiny_release import Files, answers, garment, photo, tiny_release, with_pairs

from flows.warehouse import open_warehouse, run_checks
from schemas import TABLES
from schemas.categories import category

Rows = list[dict[str, Any]]

BOX = {"x1": 10.0, "y1": 10.0, "x2": 50.0, "y2": 50.0}
SQUARE = [10.0, 10.0, 50.0, 10.0, 50.0, 50.0, 10.0, 50.0, 10.0, 10.0]
SKIRT, TROUSERS = 9, 8


def write_sound_release(folder: Path) -> Files:
    """A consumer's skirt with a shop's, four other shop items, all pair sets; FashionAI, a boot."""
    size = {"width": 64, "height": 64}
    images = [photo(1, "user", 1, **size), photo(2, "shop", 1, **size), photo(3, "shop", 2, **size)]
    clothes = [
        (1, 1, SKIRT, 1),
        (2, 1, SKIRT, 1),
        (2, 2, SKIRT, 2),
        (3, 1, SKIRT, 1),
        (3, 2, TROUSERS, 0),
    ]
    items, landmarks, polygons = [], [], []
    for image_id, item_no, number, style in clothes:
        kind = category("deepfashion2", number)
        own = {"image_id": image_id, "item_no": item_no}
        counts = {"landmarks_visible": kind.landmarks, "polygon_count": 2}
        items.append(
            garment(image_id, style, item_no, category_id=number, category_name=kind.name)
            | BOX
            | counts
        )
        landmarks += [
            own | {"landmark_no": k, "x": 10.0 + k, "y": 20.0} for k in range(1, kind.landmarks + 1)
        ]
        square = {"points": SQUARE, "point_count": 5, "closed": True, "area": 1600.0}
        polygons += [own | square | {"polygon_no": k} for k in (1, 2)]
    for dataset, split, number in (("fashionai", "test_b", 4), ("fashion-mnist", "test", 9)):
        own = {"dataset": dataset, "split": split, "image_id": 1}
        images.append(own | {"annotated": dataset == "fashion-mnist"})
        name = category(dataset, number).name
        items.append(own | {"item_no": 1, "category_id": number, "category_name": name})
    files = tiny_release(
        folder,
        images=images,
        items=items,
        landmarks=landmarks,
        polygons=polygons,
        pictures=[{"image_id": 1}],
        listed_queries=[{"list_no": 1, "image_id": 1, "style": 1, "pair_id": 1} | BOX],
        listed_gallery=[
            {"list_no": number, "image_id": image_id, "style": style, "pair_id": pair_id} | BOX
            for number, (image_id, style, pair_id) in enumerate(
                [(2, 1, 1), (2, 2, 1), (3, 1, 2), (3, 0, 2)], start=1
            )
        ],
        rejections=[
            {"file_name": "train/annos/000009.json", "rule": "not_json", "message": "not JSON"}
        ],
    )
    kinds = ("negative_same_pair", "negative_same_category", "negative_random")
    files = with_pairs(folder, files, *kinds)
    triplets = answers(files, "triplets")
    return files | tiny_release(folder / "more", vocabularies=False, triplets=triplets)


def broken_copy(folder: Path, files: Files, table: str, breaks: Callable[[Rows], Any]) -> Files:
    """The release with the rows of one table as `breaks` changes them in place."""
    rows = open_warehouse(files).sql(f"select * from {table} order by all").to_arrow_table()
    changed = rows.to_pylist()
    breaks(changed)
    # Nullable: what a declaration forbids is what some of the breaks do.
    schema = pa.schema([field.with_nullable(True) for field in TABLES[table].file_schema])
    copies = []
    keys = TABLES[table].partition_by
    for place in sorted({tuple(row[key] for key in keys) for row in changed}):
        steps = [f"{key}={value}" for key, value in zip(keys, place, strict=True)]
        path = folder.joinpath(table, *steps, "part-00000.parquet")
        path.parent.mkdir(parents=True)
        own = [row for row in changed if tuple(row[key] for key in keys) == place]
        pq.write_table(pa.Table.from_pylist(own, schema=schema), path)
        copies.append(path)
    return files | {table: copies}


def problems(files: Files, *only: str) -> dict[str, list[Any]]:
    """The verdicts that block this release: the check's name and its first offending rows.

    `only` names the checks to run; none named means all but those of the statistics.
    """
    with open_warehouse(files, threads=1) as warehouse:
        verdicts = run_checks(warehouse, only=only, statistics=False)
    return {verdict.name: list(verdict.examples) for verdict in verdicts if verdict.blocks}

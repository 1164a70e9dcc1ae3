"""A made-up release for statistics and pair sets, and one in which every table has sound rows."""

import random
from pathlib import Path

import duckdb
import fashionai_rows
import polars as pl
import pyarrow as pa
import pytest
from builders import garment, items_of, made_up_documents, photo, tables_of
from decoded_sources import decode_source
from releases import Files, answers, built_once, files_in, with_pairs, write_files

from flows.decode.fashionai import FASHIONAI
from flows.flatten import flatten
from flows.warehouse import Warehouse, open_warehouse, query
from schemas import TABLES
from schemas.categories import category
from schemas.vocabulary import NEGATIVE_KINDS

BOX = (10.0, 10.0, 50.0, 50.0)
SQUARE = [10.0, 10.0, 50.0, 10.0, 50.0, 50.0, 10.0, 50.0, 10.0, 10.0]
SKIRT, TROUSERS = 9, 8


def tables_of_csv(csv: bytes) -> dict[str, pa.Table]:
    """The tables of a CSV of FashionAI's training set."""
    source = decode_source(FASHIONAI, {"train/Annotations/train.csv": csv})
    parts = [flatten(part.annotations) for part in source.parts]
    return {name: pa.Table.from_batches([part[name] for part in parts]) for name in parts[0]}


@pytest.fixture(scope="session")
def fashionai_tables():
    """Decodes and flattens a CSV."""
    return tables_of_csv


def write_made_up(folder: Path) -> None:
    for split, seed, count in (("train", 1, 500), ("validation", 2, 200)):
        documents = made_up_documents(seed, count, pair_ids=count // 12)
        for number, document in documents.items():
            if number % 60 == 0:
                document |= {"width": None, "height": None}
            for _, item in items_of(document)[: number % 25 == 0]:
                item["bounding_box"][2] = item["bounding_box"][0]
        write_files(folder, vocabularies=False, **tables_of(documents, split))
    rng = random.Random(3)
    csv = fashionai_rows.table(*[fashionai_rows.random_row(rng, n) for n in range(150)])
    write_files(folder, **tables_of_csv(csv))
    with_pairs(folder, files_in(folder), *NEGATIVE_KINDS)


@pytest.fixture(scope="session")
def made_up(tmp_path_factory) -> Files:
    """700 images of DeepFashion2 in two splits, with all kinds of pairs, and 150 of FashionAI."""
    return files_in(built_once(tmp_path_factory, "made_up", write_made_up))


def write_sound(folder: Path) -> None:
    """A consumer's skirt with a shop's, four other shop items, all pair sets; FashionAI, a boot."""
    size = {"width": 64, "height": 64}
    images = [photo(1, "user", 1, **size), photo(2, "shop", 1, **size), photo(3, "shop", 2, **size)]
    items, landmarks, polygons = [], [], []
    for image_id, item_no, number, style in (
        (1, 1, SKIRT, 1),
        (2, 1, SKIRT, 1),
        (2, 2, SKIRT, 2),
        (3, 1, SKIRT, 1),
        (3, 2, TROUSERS, 0),
    ):
        kind = category("deepfashion2", number)
        own = {"image_id": image_id, "item_no": item_no}
        more = {"landmarks_visible": kind.landmarks, "polygon_count": 2}
        more |= {"category_id": number, "category_name": kind.name}
        items.append(garment(image_id, style, item_no, box=BOX, **more))
        for k in range(1, kind.landmarks + 1):
            landmarks.append(own | {"landmark_no": k, "x": 10.0 + k, "y": 20.0})
        for k in (1, 2):
            polygons.append(
                own | {"polygon_no": k, "points": SQUARE, "point_count": 5, "area": 1.0}
            )
    for dataset, split, number in (("fashionai", "test_b", 4), ("fashion-mnist", "test", 9)):
        own = {"dataset": dataset, "split": split, "image_id": 1}
        images.append(own | {"annotated": dataset == "fashion-mnist"})
        name = category(dataset, number).name
        items.append(own | {"item_no": 1, "category_id": number, "category_name": name})
    edges = dict(zip(("x1", "y1", "x2", "y2"), BOX, strict=True))
    write_files(
        folder,
        images=images,
        items=items,
        landmarks=landmarks,
        polygons=polygons,
        pictures=[{"image_id": 1}],
        listed_queries=[{"list_no": 1, "image_id": 1, "style": 1, "pair_id": 1} | edges],
        listed_gallery=[
            {"list_no": number, "image_id": image_id, "style": style, "pair_id": pair_id} | edges
            for number, (image_id, style, pair_id) in enumerate(
                [(2, 1, 1), (2, 2, 1), (3, 1, 2), (3, 0, 2)], start=1
            )
        ],
        rejections=[
            {"file_name": "train/annos/000009.json", "rule": "not_json", "message": "not JSON"}
        ],
    )
    kinds = ("negative_same_pair", "negative_same_category", "negative_random")
    files = with_pairs(folder, files_in(folder), *kinds)
    write_files(folder, vocabularies=False, triplets=answers(files, "triplets"))


@pytest.fixture(scope="session")
def sound_files(tmp_path_factory) -> Files:
    """A release of a few rows in which everything is right."""
    return files_in(built_once(tmp_path_factory, "sound", write_sound))


@pytest.fixture(scope="module")
def sound(sound_files) -> dict[str, pa.Table]:
    """The rows of the sound release, by table."""
    with open_warehouse(sound_files, threads=1) as warehouse:
        return {name: warehouse.sql(f"from {name}").to_arrow_table() for name in TABLES}


@pytest.fixture(scope="module")
def memory(sound):
    """The same rows as tables of DuckDB in memory, which tests change and put back."""
    with duckdb.connect(config={"threads": 1}) as con:
        for name, rows in sound.items():
            con.register("rows", rows)
            con.execute(f"create table {name} as from rows")
        con.execute(f"create view style_totals as {query('style_totals').text}")
        yield con


@pytest.fixture
def altered(memory, sound):
    """Runs a statement that alters a table; the table is put back after the test."""
    tables = set()

    def run(table, statement):
        tables.add(table)
        memory.execute(statement)

    yield run
    for table in tables:
        memory.register("rows", sound[table])
        memory.execute(f"create or replace table {table} as from rows")


@pytest.fixture(scope="module")
def warehouse(made_up) -> Warehouse:
    return open_warehouse(made_up)  # without stored statistics: each is computed by its SQL


@pytest.fixture(scope="module")
def frames(made_up) -> dict[str, pl.DataFrame]:
    return {
        name: pl.read_parquet(paths, hive_partitioning="dataset=" in str(paths[0]))
        for name, paths in made_up.items()
    }

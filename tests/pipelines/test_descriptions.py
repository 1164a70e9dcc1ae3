"""Descriptions on the command line: of tables, statistics and queries, under the names of SQL."""

import json
from pathlib import PurePath

import pytest
from command_line import wardrobe
from ingesting import rows_of

from flows.lake import Lake
from flows.pipelines.query import data_dictionary, query_description
from flows.warehouse import open_warehouse, query
from schemas import TABLES


@pytest.mark.slow
def test_tables_and_statistics_have_one_name_and_are_described(lake):
    names = [
        row["table"] for row in json.loads(wardrobe("tables", "--format", "json", lake=lake).stdout)
    ]
    assert {"items", "split_totals"} <= set(names)
    described = data_dictionary(None).to_pylist()
    with open_warehouse(Lake(lake).release().tables()) as con:
        for name in names:
            columns = con.table(name).to_arrow_table().schema
            types = [str(kind).replace("<l:", "<item:") for kind in columns.types]
            rows = {row["column"]: row for row in described if row["table"] == name}
            assert [*rows] == columns.names, name
            assert [row["type"] for row in rows.values()] == types, name
            assert all(len(row["meaning"]) > 3 for row in rows.values()), name
            if name == "source_sizes":
                assert rows["total_bytes"]["unit"] == "bytes"


@pytest.mark.slow
def test_a_description_has_the_rule_the_parameters_and_the_columns():
    done = wardrobe("query", "negative_pairs", "--describe")
    assert done.returncode == 0
    assert done.stdout.startswith("Negative consumer-to-shop pairs of one kind.\n\nThe shop's item")
    rows = json.loads(wardrobe("query", "negative_pairs", "--describe", "--format", "json").stdout)
    declared = query("negative_pairs")
    assert [row["name"] for row in rows] == [*declared.param_names, *declared.columns]
    defaults = {row["name"]: row["default"] for row in rows if row["is"] == "parameter"}
    assert defaults["pair_kind"] == "required" and defaults["negatives_per_positive"] == "4"
    for name in ("items.words", "statistics.split_totals", "coco_images", "labels"):
        text, description = query_description(name)
        assert text and "column" in description["is"].to_pylist(), name


def test_descriptions_of_common_columns_fit_every_data_set():
    for table in ("images", "items", "landmarks", "categories", "landmark_types"):
        for field in TABLES[table].schema:
            text = field.metadata[b"doc"].decode()
            # Only DeepFashion2 has a document for each image and keys for its items.
            if "document" in text or "item key" in text:
                assert "DeepFashion2" in text or "FashionAI" in text, f"{table}.{field.name}"
    assert "--help" not in TABLES["rejections"].schema.field("rule").metadata[b"doc"].decode()


@pytest.mark.slow
def test_what_descriptions_say_of_fashionai_and_fashion_mnist_is_true(lake):
    others = "items where dataset <> 'deepfashion2' and (item_no <> 1 or document_order <> 1)"
    assert rows_of(lake, f"select * from {others}") == []
    names = rows_of(lake, "select image_id, file_name from images where dataset = 'fashionai'")
    assert names and all(int(PurePath(name).stem[:13], 16) == number for number, name in names)

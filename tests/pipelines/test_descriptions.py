"""Descriptions on the command line: of tables, statistics and queries, under the names of SQL."""

import json

import pytest
from command_line import wardrobe

from flows.lake import Lake
from flows.pipelines.query import data_dictionary, query_description
from flows.warehouse import open_warehouse, query


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

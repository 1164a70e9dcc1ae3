"""Records of schemas/datasets.py: decoders, samples and SQL agree with them."""

import re
from pathlib import Path

import pytest
from ingesting import ingested, rows_of

from flows.decode import DECODERS
from schemas.categories import CATEGORIES
from schemas.datasets import DATASETS, FEATURES, SPLITS

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests/golden/sources"

each_dataset = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)

HELD = {
    "pairs": "select count(pair_id) from images where dataset = '{name}'",
    "styles": "select count(style) from items where dataset = '{name}'",
    "boxes": "select count(x1) from items where dataset = '{name}'",
    "landmarks": "select count(*) from landmarks where dataset = '{name}'",
    "polygons": "select count(*) from polygons where dataset = '{name}'",
    "labels": "select count(viewpoint) from items where dataset = '{name}'",
    "picture files": "select count(*) from images where dataset = '{name}' and "
    "image_status <> 'missing' and not exists (from pictures where pictures.dataset = '{name}')",
}
"""Counts that are above zero in the lake of a data set that has a feature."""


@each_dataset
def test_a_data_set_has_a_decoder_categories_and_golden_input(dataset):
    decoder = DECODERS[dataset.name]
    assert decoder.dataset == dataset.name
    assert (ROOT / "flows/decode" / dataset.module / "__init__.py").is_file()
    assert {category.dataset for category in CATEGORIES[dataset.name]} == {dataset.name}
    assert any((GOLDEN / dataset.name).rglob("*"))


@pytest.mark.slow
@each_dataset
def test_what_a_data_set_has_is_what_its_tables_hold(dataset, tmp_path):
    lake = tmp_path / "lake"
    assert ingested(dataset.name, GOLDEN / dataset.name, lake, allow_refused=dataset.splits).release
    held = {
        name for name, sql in HELD.items() if rows_of(lake, sql.format(name=dataset.name))[0][0]
    }
    assert held == set(dataset.has)
    sizes = rows_of(
        lake, f"select distinct width, height from images where dataset = '{dataset.name}'"
    )
    assert (sizes == [dataset.picture_size]) == (dataset.picture_size is not None)


@each_dataset
def test_names_are_words_of_the_command_line_and_of_folders(dataset):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", dataset.name)
    assert set(dataset.has) <= FEATURES.keys() == HELD.keys()
    assert set(dataset.splits) <= set(SPLITS)


def test_queries_name_declared_data_sets_only():
    for path in ROOT.glob("sql/**/*.sql"):
        names = re.findall(r"\bdataset\s*(?:=|<>)\s*'([^']+)'", path.read_text())
        assert set(names) <= DATASETS.keys(), path

"""The authors' retrieval truth of January 2019: our pair rule gives exactly its numbers."""

import json
from collections import Counter

import pytest
from builders import garment, photo
from releases import with_pairs, write_files

from flows.warehouse import open_warehouse, run_query

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def truth(real_data):
    folder = real_data / "deepfashion2" / "retrieval_val_2019_01"
    return [
        ("user", "query", json.loads((folder / "query_gt.json").read_text())),
        ("shop", "gallery", json.loads((folder / "gallery_gt.json").read_text())),
    ]


@pytest.fixture(scope="module")
def warehouse(truth, tmp_path_factory):
    """A release with the items those lists name; the gallery has no classes, so it gets one."""
    photos, items = {}, []
    own = {"split": "validation"}
    for source, side, records in truth:
        numbers: Counter[int] = Counter()
        for record in records:
            number = record[f"{side}_image_id"]
            numbers[number] += 1
            row = photo(number, source, record["pair_id"], **own)
            assert photos.setdefault(number, row) == row
            labels = own | {"category_id": record.get("cls", 1), "box": record["bbox"]}
            items.append(garment(number, record["style"], numbers[number], **labels))
    folder = tmp_path_factory.mktemp("truth")
    files = with_pairs(folder, write_files(folder, images=photos.values(), items=items))
    with open_warehouse(files) as con:
        yield con


@pytest.fixture(scope="module")
def ask(warehouse):
    return lambda name, **parameters: run_query(warehouse, name, parameters).to_pylist()


def test_the_rule_gives_the_pairs_of_a_plain_count(truth, ask):
    (_, _, queries), (_, _, gallery) = truth
    keys = [
        Counter((r["pair_id"], r["style"]) for r in side if r["style"] > 0)
        for side in (queries, gallery)
    ]
    expected = {key: count * keys[1][key] for key, count in keys[0].items() if keys[1][key]}
    found = ask("positive_pairs")
    assert Counter((row["user_pair_id"], row["user_style"]) for row in found) == expected
    assert len(found) == 70_914


def test_every_reading_of_pairs_has_its_published_number(ask):
    (totals,) = ask("pair_totals")
    assert totals == totals | {
        "instance_pairs": 70_914,
        "image_pairs_by_item": 62_299,
        "image_pairs_by_image": 99_505,
        "mixed_category_keys": 95,
        "user_keys": 3_043,
        "user_orphan_keys": 0,
        "user_items": 12_550,
        "shop_items": 24_012,
        "user_orphan_items": 0,
        "shop_orphan_items": 7_255,
    }


def test_gallery_items_that_nobody_asks_for_are_listed_and_no_warning(ask):
    assert ask("styles_without_counterpart") == []
    gallery = ask("retrieval_gallery")
    assert sum(row["counterparts"] == 0 for row in gallery) == 7_255
    assert sum(row["counterparts"] for row in gallery) == 70_914


def test_queries_and_gallery_have_the_size_of_the_lists(truth, ask):
    queries = ask("retrieval_queries")
    assert len(queries) == len(ask("retrieval_queries", strict=True)) == 12_550
    (_, _, listed), _ = truth
    by_class = Counter(record["cls"] for record in listed if record["style"] > 0)
    assert Counter(row["category_id"] for row in queries) == by_class
    assert len(ask("retrieval_gallery")) == 24_012


def test_styles_have_the_gaps_that_were_counted(truth, ask):
    rows = ask("styles_per_pair")
    assert sum(row["pair_ids"] for row in rows) == 2_284
    assert sum(row["pair_ids_with_gaps"] for row in rows) == 10
    highest = max(record["style"] for _, _, records in truth for record in records)
    assert max(row["highest_style"] or 0 for row in rows) == highest == 23

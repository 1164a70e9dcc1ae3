"""The authors' retrieval truth of January 2019: our pair rule gives exactly its numbers."""

import json
from collections import Counter

import pytest
from builders import garment, photo
from releases import answers, with_pairs, write_files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def truth(real_data):
    folder = real_data / "deepfashion2" / "retrieval_val_2019_01"
    return [
        ("user", "query", json.loads((folder / "query_gt.json").read_text())),
        ("shop", "gallery", json.loads((folder / "gallery_gt.json").read_text())),
    ]


@pytest.fixture(scope="module")
def files(truth, tmp_path_factory):
    """A release with the items those lists name; the gallery has no classes, so it gets one."""
    photos, garments = {}, []
    for source, side, records in truth:
        numbers: Counter[int] = Counter()
        for record in records:
            image_id = record[f"{side}_image_id"]
            numbers[image_id] += 1
            known = photos.setdefault(image_id, photo(image_id, source, record["pair_id"]))
            assert (known["source"], known["pair_id"]) == (source, record["pair_id"])
            x1, y1, x2, y2 = record["bbox"]
            garments.append(
                garment(
                    image_id,
                    record["style"],
                    item_no=numbers[image_id],
                    category_id=record.get("cls", 1),
                    x1=x1, y1=y1, x2=x2, y2=y2,
                )
            )  # fmt: skip
    folder = tmp_path_factory.mktemp("truth")
    given = [dict(row, split="validation") for row in photos.values()]
    items = [dict(row, split="validation") for row in garments]
    return with_pairs(folder, write_files(folder, images=given, items=items))


def test_the_rule_gives_the_pairs_of_a_plain_count(truth, files):
    (_, _, queries), (_, _, gallery) = truth
    keys = [
        Counter((r["pair_id"], r["style"]) for r in side if r["style"] > 0)
        for side in (queries, gallery)
    ]
    expected = {key: count * keys[1][key] for key, count in keys[0].items() if keys[1][key]}
    found = answers(files, "positive_pairs")
    assert Counter((row["user_pair_id"], row["user_style"]) for row in found) == expected
    assert len(found) == 70_914


def test_every_reading_of_pairs_has_its_published_number(files):
    (totals,) = answers(files, "pair_totals")
    assert totals["instance_pairs"] == 70_914
    assert totals["image_pairs_by_item"] == 62_299
    assert totals["image_pairs_by_image"] == 99_505
    assert totals["mixed_category_keys"] == 95
    assert totals["user_keys"] == 3_043
    assert totals["user_orphan_keys"] == 0
    assert totals["user_items"] == 12_550
    assert totals["shop_items"] == 24_012
    assert (totals["user_orphan_items"], totals["shop_orphan_items"]) == (0, 7_255)


def test_gallery_items_that_nobody_asks_for_are_listed_and_no_warning(files):
    assert answers(files, "styles_without_counterpart") == []
    gallery = answers(files, "retrieval_gallery")
    assert sum(row["counterparts"] == 0 for row in gallery) == 7_255
    assert sum(row["counterparts"] for row in gallery) == 70_914


def test_queries_and_gallery_have_the_size_of_the_lists(truth, files):
    queries = answers(files, "retrieval_queries")
    assert len(queries) == len(answers(files, "retrieval_queries", strict=True)) == 12_550
    (_, _, listed), _ = truth
    by_class = Counter(record["cls"] for record in listed if record["style"] > 0)
    assert Counter(row["category_id"] for row in queries) == by_class
    assert len(answers(files, "retrieval_gallery")) == 24_012


def test_styles_have_the_gaps_that_were_counted(truth, files):
    rows = answers(files, "styles_per_pair")
    assert sum(row["pair_ids"] for row in rows) == 2_284
    assert sum(row["pair_ids_with_gaps"] for row in rows) == 10
    highest = max(record["style"] for _, _, records in truth for record in records)
    assert max(row["highest_style"] or 0 for row in rows) == highest == 23

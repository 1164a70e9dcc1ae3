"""Statistics of pairs, published totals and rejections, computed a second time in plain Python."""

from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa
import pytest
from builders import garment, photo
from releases import answers, with_pairs, write_files, write_statistic

from flows.warehouse import open_warehouse, queries

pytestmark = pytest.mark.slow


def test_every_statistic_is_computed_a_second_time():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*statistics.py"))
    missing = [q.name for q in queries("statistics") if f"test_{q.name}_agrees" not in tests]
    assert missing == []


@pytest.fixture(scope="module")
def garments(made_up):
    """(split, pair_id, source, image_id, style, category_id) of every item in a pair_id."""
    with open_warehouse(made_up) as con:
        return con.execute(
            "select split, pair_id, source, image_id, style, category_id from items "
            "join images using (dataset, split, image_id) where pair_id is not null"
        ).fetchall()


def test_images_per_pair_agrees(made_up):
    con = open_warehouse(made_up)
    images = con.execute("select split, pair_id, source from images where pair_id > 0").fetchall()
    counted = Counter(images)
    expected = Counter(
        (split, source, counted[split, pair_id, source])
        for split, pair_id in {row[:2] for row in images}
        for source in ("user", "shop")
    )
    names = ("split", "source", "images")
    found = {tuple(r[n] for n in names): r["pair_ids"] for r in answers(made_up, "images_per_pair")}
    assert found == expected


def test_styles_per_pair_agrees(made_up, garments):
    styles = defaultdict(set)
    for split, pair_id, _, _, style, _ in garments:
        styles[split, pair_id] |= {style} - {0}
    for split in ("train", "validation"):
        groups = [found for (where, _), found in styles.items() if where == split]
        rows = [row for row in answers(made_up, "styles_per_pair") if row["split"] == split]
        assert {r["styles"]: r["pair_ids"] for r in rows} == Counter(map(len, groups))
        for row in rows:
            same = [found for found in groups if len(found) == row["styles"]]
            gaps = sum(max(found, default=0) > len(found) for found in same)
            highest = max((max(found) for found in same if found), default=None)
            assert (row["pair_ids_with_gaps"], row["highest_style"]) == (gaps, highest)


def test_pair_totals_agrees(made_up, garments):
    for row in answers(made_up, "pair_totals"):
        styled = [g[1:] for g in garments if g[0] == row["split"] and g[4] > 0]
        users = [(p, i, s, c) for p, source, i, s, c in styled if source == "user"]
        shops = [(p, i, s) for p, source, i, s, _ in styled if source == "shop"]
        instances = [(u[1], s[1]) for u in users for s in shops if (u[0], u[2]) == (s[0], s[2])]
        by_image = {(u[1], s[1]) for u in users for s in shops if u[0] == s[0]}
        user_keys, shop_keys = {(u[0], u[2]) for u in users}, {(s[0], s[2]) for s in shops}
        categories = defaultdict(set)
        for pair_id, _, style, category in users:
            categories[pair_id, style].add(category)
        assert row == {
            "dataset": "deepfashion2",
            "split": row["split"],
            "pair_ids": len({g[0] for g in styled}),
            "instance_pairs": len(instances),
            "image_pairs_by_item": len(set(instances)),
            "image_pairs_by_image": len(by_image),
            "user_items": len(users),
            "shop_items": len(shops),
            "user_keys": len(user_keys),
            "shop_keys": len(shop_keys),
            "user_orphan_keys": len(user_keys - shop_keys),
            "shop_orphan_keys": len(shop_keys - user_keys),
            "user_orphan_items": sum((u[0], u[2]) not in shop_keys for u in users),
            "shop_orphan_items": sum((s[0], s[2]) not in user_keys for s in shops),
            "mixed_category_keys": sum(len(found) > 1 for found in categories.values()),
        }


def test_pair_totals_names_both_readings_of_image_pairs(tmp_path):
    # One consumer's picture with two items of a style, and shops' pictures of styles 1, 5 and 0.
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 7), *(photo(number, "shop", 7) for number in (2, 3, 4))],
        items=[garment(1, 1), garment(1, 1, 2), garment(2, 1), garment(3, 5), garment(4, 0)],
    )
    (row,) = answers(with_pairs(tmp_path, files), "pair_totals")
    names = ("instance_pairs", "image_pairs_by_item", "image_pairs_by_image")
    assert [row[name] for name in names] == [2, 1, 2]
    assert (row["user_orphan_keys"], row["shop_orphan_keys"]) == (0, 1)


def published(files, **values):
    rows = answers(files, "published_totals")
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


# (data set, split) -> the released images, and the paper's items, as their authors publish them.
RELEASED_IMAGES = {
    ("deepfashion2", "train"): 191_961,
    ("deepfashion2", "validation"): 32_153,
    ("deepfashion2", "test"): 62_629,
    ("fashionai", "warm_up"): 12_534,
    ("fashionai", "train"): 31_631,
    ("fashionai", "test_a"): 9_996,
    ("fashionai", "test_b"): 9_970,
    ("fashion-mnist", "train"): 60_000,
    ("fashion-mnist", "test"): 10_000,
}
PAPER_ITEMS = {"train": 636_624, "validation": 54_910, "test": 109_198, "all": 800_732}


def test_published_totals_are_those_of_the_authors(tmp_path):
    images = [
        {"dataset": name, "split": "train"}
        for name in ("deepfashion2", "fashionai", "fashion-mnist")
    ]
    files = write_files(tmp_path, images=images)
    rows = published(files, measure="images", edition="released")
    assert {(row["dataset"], row["split"]): row["published"] for row in rows} == RELEASED_IMAGES
    rows = published(files, measure="items", edition="paper")
    assert {row["split"]: row["published"] for row in rows} == PAPER_ITEMS


@pytest.mark.parametrize(
    ("pairs", "meaning"), [(337_293, "complete"), (320_429, "near"), (320_428, "far"), (1, "far")]
)
def test_image_pairs_within_5_percent_are_near(tmp_path, pairs, meaning):
    own = {"dataset": "deepfashion2", "split": "train"}
    totals = own | {"images": 1, "items": 1, "pairs": 1}
    files = write_statistic(tmp_path, "split_totals", pa.Table.from_pylist([totals]))
    totals = own | {"image_pairs_by_item": pairs}
    files |= write_statistic(tmp_path, "pair_totals", pa.Table.from_pylist([totals]))
    (row,) = published(files, split="train", measure="image_pairs", edition="released")
    assert (row["ours"], row["meaning"]) == (pairs, meaning)


def test_published_totals_agrees(made_up):
    rows = published(made_up)
    totals = {row["split"]: row for row in answers(made_up, "split_totals")
              if row["dataset"] == "deepfashion2"}  # fmt: skip
    for row in rows:
        assert row["difference"] == row["ours"] - row["published"]
        if row["dataset"] == "deepfashion2" and row["measure"] in ("images", "items", "pairs"):
            splits = totals.values() if row["split"] == "all" else [totals.get(row["split"], {})]
            assert row["ours"] == sum(split.get(row["measure"], 0) for split in splits)
    assert {row["dataset"] for row in rows} == {"deepfashion2", "fashionai"}  # no other is here
    assert sum(r["published"] for r in rows if r["edition"] == "paper" and r["split"] != "all"
               and r["measure"] == "items") == 800_732  # fmt: skip
    image_pairs = {row["split"]: row["published"] for row in rows
                   if row["edition"] == "paper" and row["measure"] == "image_pairs"}  # fmt: skip
    assert image_pairs.pop("all") == sum(image_pairs.values()) == 873_234
    assert image_pairs == {"train": 685_584, "validation": 62_563, "test": 125_087}


@pytest.mark.parametrize(
    ("images", "meaning"),
    [(10_000, "complete"), (9_999, "incomplete"), (10_001, "more than published"), (0, None)],
)
def test_a_difference_is_given_its_meaning(tmp_path, images, meaning):
    row = {"dataset": "fashion-mnist", "split": "test"}
    files = write_files(tmp_path, images=[row | {"image_id": number} for number in range(images)])
    meanings = [row["meaning"] for row in published(files, split="test", measure="images")]
    assert meanings == ([meaning] if meaning else [])


def test_a_split_that_is_not_here_says_so(tmp_path):
    files = write_files(tmp_path, images=[photo(1, "user", 1)])
    assert {r["meaning"] for r in published(files, split="test")} == {"not in this lake"}
    assert {
        r["meaning"] for r in published(files, split="train", edition="paper", measure="images")
    } == {"never released in full"}


def test_rejections_by_rule_agrees(tmp_path):
    refused = [
        {"rule": "not_json", "file_name": "b.json", "message": "line 1"},
        {"rule": "not_json", "file_name": "a.json", "message": "line 2"},
        {"rule": "inverted_box", "file_name": "c.json", "item_no": 2, "message": "x2"},
        {"rule": "inverted_box", "file_name": "c.json", "item_no": 1, "message": "x1"},
    ]
    found = answers(write_files(tmp_path, rejections=refused), "rejections_by_rule")
    names = ("rule", "documents", "items", "example_file", "example_message")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("inverted_box", 0, 2, "c.json", "x1"),
        ("not_json", 2, 0, "a.json", "line 2"),
    ]


@pytest.mark.parametrize(
    ("name", "strict", "rows"),
    [
        ("queries", False, [(1, 1, 1), (3, 1, 0)]),
        ("queries", "true", [(1, 1, 1)]),
        ("gallery", False, [(2, 1, 1), (2, 2, 0)]),
        ("gallery", True, [(2, 1, 1)]),
    ],
)
def test_queries_and_gallery_are_the_benchmarks(tmp_path, name, strict, rows):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 7), photo(2, "shop", 7), photo(3, "user", 8)],
        items=[garment(1, 1), garment(1, 0, 2), garment(2, 1), garment(2, 0, 2), garment(3, 4)],
    )
    found = answers(files, f"retrieval_{name}", strict=strict)
    keys = ("image_id", "item_no", "counterparts")
    assert [tuple(row[key] for key in keys) for row in found] == rows


def test_the_smallest_side_may_be_the_height(tmp_path):
    images = [photo(1, "user", 1, width=90, height=30), photo(2, "user", 1, width=40, height=80)]
    (row,) = answers(write_files(tmp_path, images=images), "source_sizes")
    assert (row["smallest_side"], row["largest_side"]) == (30, 90)

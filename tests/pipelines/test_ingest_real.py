"""Real files through the whole pipeline: the lake holds their documented facts."""

import json
from collections import Counter

import pytest
from ingesting import ingested, rows_of

from flows.pipelines.query import named_query

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def train(real_data, tmp_path_factory):
    lake = tmp_path_factory.mktemp("train") / "lake"
    assert ingested("deepfashion2", real_data / "deepfashion2", lake).release
    return lake


def test_pictures_without_annotation_are_images(train):
    rows = rows_of(train, "select image_id, annotated, width, height from images order by 1")
    assert rows == [(1, True, 468, 624), (264, False, 750, 750), (265, False, 750, 750)]


def test_items_keep_their_order_in_the_document(train):
    rows = rows_of(
        train, "select item_no, document_order, category_name, x1, y1, x2, y2 from items order by 1"
    )
    assert rows == [
        (1, 2, "short sleeve top", 0, 29, 466, 622),
        (2, 1, "trousers", 249, 423, 466, 623),
    ]


def test_outlines_are_closed_and_the_parts_are_counted_in_them(train):
    rows = rows_of(train, "select closed, area from polygons where item_no = 2 order by polygon_no")
    assert rows == [(True, 26_972.0), (True, 16_526.0), (True, 10_446.0)]


def test_a_document_pasted_into_an_issue_is_read(real_data, tmp_path):
    source = tmp_path / "source" / "train" / "annos"
    source.mkdir(parents=True)
    pasted = real_data / "deepfashion2" / "unnumbered" / "annos" / "pair1811.json"
    (source / "001811.json").write_bytes(pasted.read_bytes())
    ingested("deepfashion2", tmp_path / "source", tmp_path / "lake")
    rows = rows_of(
        tmp_path / "lake",
        "select source, pair_id, image_status, list_sort(list(category_id)) from images "
        "join items using (dataset, split, image_id) group by all",
    )
    assert rows == [("shop", 1811, "missing", [1, 9])]


ITEM = {"scale": 2, "viewpoint": 2, "zoom_in": 1, "occlusion": 1, "segmentation": []}
NAMES_AND_COUNTS = (
    ("short sleeve top", 25),
    ("long sleeve top", 33),
    ("short sleeve outwear", 31),
    ("long sleeve outwear", 39),
    ("vest", 15),
    ("sling", 15),
    ("shorts", 10),
    ("trousers", 14),
    ("skirt", 8),
    ("short sleeve dress", 29),
    ("long sleeve dress", 37),
    ("vest dress", 19),
    ("sling dress", 19),
)


LISTS = {
    "query_gt.json": 15_752,
    "list_query.txt": 10_990,
    "gallery_gt.json": 24_012,
    "list_gallery.txt": 21_438,
}
"""Files of the January-2019 retrieval lists and their numbers of records."""


def listed(lake) -> dict[str, int]:
    """Records of the authors' lists by file."""
    queries, gallery = (
        rows_of(lake, f"select list_file, count(*) from {table} group by all")
        for table in ("listed_queries", "listed_gallery")
    )
    assert all("query" in name for name, _ in queries)
    assert all("gallery" in name for name, _ in gallery)
    return dict(queries + gallery)


def documents_of_2019(folder) -> dict[int, dict]:
    """Documents with the boxes, styles and pair ids of the January-2019 validation truth."""
    documents: dict[int, dict] = {}
    for name, side, source in (("query_gt", "query", "user"), ("gallery_gt", "gallery", "shop")):
        for record in json.loads((folder / f"{name}.json").read_text()):
            # The gallery has no class; any will do, because the rule does not ask for it.
            category = record.get("cls", 1)
            label, landmarks = NAMES_AND_COUNTS[category - 1]
            document = documents.setdefault(
                record[f"{side}_image_id"], {"source": source, "pair_id": record["pair_id"]}
            )
            document[f"item{len(document) - 1}"] = {
                **ITEM,
                "landmarks": [0, 0, 0] * landmarks,
                "style": record["style"],
                "bounding_box": record["bbox"],
                "category_id": category,
                "category_name": label,
            }
    return documents


@pytest.fixture(scope="module")
def validation_2019(real_data, tmp_path_factory):
    documents = documents_of_2019(real_data / "deepfashion2" / "retrieval_val_2019_01")
    folder = tmp_path_factory.mktemp("truth")
    annos = folder / "source" / "validation" / "annos"
    annos.mkdir(parents=True)
    for number, document in documents.items():
        (annos / f"{number:06d}.json").write_text(json.dumps(document))
    summary = ingested(
        "deepfashion2",
        folder / "source",
        folder / "lake",
        workers=2,
        side_files=[
            str(real_data / "deepfashion2" / "retrieval_val_2019_01" / name) for name in LISTS
        ],
    )
    assert summary.release, summary.sentence
    return documents, folder / "lake"


def test_the_truth_of_january_2019_has_its_70_914_pairs(validation_2019):
    documents, lake = validation_2019
    keys: dict[str, Counter] = {"user": Counter(), "shop": Counter()}
    for document in documents.values():
        for name, item in document.items():
            if name.startswith("item") and item["style"] > 0:
                keys[document["source"]][document["pair_id"], item["style"]] += 1
    expected = {key: count * keys["shop"][key] for key, count in keys["user"].items()}

    rows = rows_of(
        lake,
        "select user_pair_id, user_style, count(*) from pairs "
        "where pair_kind = 'positive' group by all",
    )
    assert sum(count for _, _, count in rows) == 70_914
    assert {(pair, style): count for pair, style, count in rows} == {
        key: count for key, count in expected.items() if count
    }


def test_both_readings_of_an_image_pair_are_counted(validation_2019):
    _, lake = validation_2019
    rows = rows_of(
        lake,
        "select instance_pairs, image_pairs_by_item, image_pairs_by_image, mixed_category_keys "
        "from pair_totals",
    )
    assert rows == [(70_914, 62_299, 99_505, 95)]


def test_lists_named_beside_the_source_are_listed_with_where_each_came_from(validation_2019):
    _, lake = validation_2019
    assert listed(lake) == {f"side-files/{name}": rows for name, rows in LISTS.items()}
    rows = rows_of(
        lake,
        "select count(*) from listed_queries join items using (dataset, split, image_id, style, "
        "category_id, x1, y1, x2, y2)",
    )
    assert rows == [(LISTS["query_gt.json"],)]


def test_lists_that_lie_in_the_source_are_found(train):
    place = "retrieval_val_2019_01"
    assert listed(train) == {f"{place}/{name}": rows for name, rows in LISTS.items()}


def test_the_lists_agree_with_the_sets_by_rule_where_both_are_here(validation_2019):
    _, lake = validation_2019
    # Their list of gallery images names 48 of which their own truth knows no item.
    with named_query(lake, None, "listed_items_agree", {}) as reader:
        differing = reader.read_all().to_pylist()
    assert {(row["side"], row["list_file"], row["problem"]) for row in differing} == {
        ("gallery", "side-files/list_gallery.txt", "listed only")
    }
    without_item = rows_of(
        lake,
        "select distinct image_id from listed_gallery "
        "anti join items using (dataset, split, image_id) order by 1",
    )
    assert [(row["image_id"],) for row in differing] == without_item
    assert len(without_item) == 48

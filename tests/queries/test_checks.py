"""Each check finds what it is for, says nothing of a sound release, and has its severity."""

import pytest
from made_up_release import write_release
from tiny_release import answers, garment, photo, tiny_release, with_pairs

from flows.warehouse import open_warehouse, queries, query, run_checks
from flows.warehouse.queries import Query
from flows.warehouse.statistics_checks import statistics_checks
from schemas import vocabulary
from schemas.datasets import DATASETS, SPLITS

ERRORS = {
    "annotated_images",
    "category_ids_known",
    "coordinates_finite",
    "duplicate_keys",
    "items_without_box",
    "landmark_counts",
    "orphan_rows",
    "pairs_hold_the_rule",
    "triplets_hold_the_rule",
    "words_in_vocabulary",
}


def found(files, name):
    """The offending rows of a check."""
    assert query(name).kind == "checks"
    return answers(files, name)


def points(*visibilities, item_no=1, image_id=1, **more):
    """Landmarks rows of one item, numbered from 1."""
    return [
        {"image_id": image_id, "item_no": item_no, "landmark_no": number, "visibility": word,
         "x": None if word == "unlabelled" else 10.0 * number,
         "y": None if word == "unlabelled" else 20.0} | more
        for number, word in enumerate(visibilities, start=1)
    ]  # fmt: skip


SKIRT = ["visible"] * 6 + ["occluded", "unlabelled"]
COUNTS = {"landmarks_visible": 6, "landmarks_occluded": 1}


def test_only_what_our_own_code_guarantees_blocks_a_release():
    assert {one.name for one in queries("checks") if one.severity == "error"} == ERRORS


def test_a_sound_release_passes_every_check_that_blocks(tmp_path):
    files = write_release(
        tmp_path,
        {
            "train": 120,
            "validation": 60,
        },
        fashionai=40,
    )
    verdicts = run_checks(open_warehouse(files))
    names = [one.name for one in (*queries("checks"), *statistics_checks())]
    assert [v.name for v in verdicts] == names
    assert [v.name for v in verdicts if v.blocks] == []


@pytest.mark.parametrize("table", ["images", "items", "landmarks", "polygons", "pairs"])
def test_a_row_that_stands_twice_is_found(tmp_path, table):
    plain = {"images": [photo(1, "user", 1)], "items": [garment(1, 1)],
             "landmarks": points("visible"), "polygons": [{"polygon_no": 1}],
             "pairs": [{"user_image_id": 1, "shop_image_id": 2}]}  # fmt: skip
    assert found(tiny_release(tmp_path / "once", **plain), "duplicate_keys") == []
    (row,) = found(
        tiny_release(tmp_path / "twice", **plain | {table: plain[table] * 2}), "duplicate_keys"
    )
    assert row["table_name"] == table


def test_the_same_number_in_another_split_is_no_duplicate(tmp_path):
    files = tiny_release(
        tmp_path, images=[photo(1, "user", 1), photo(1, "user", 1, split="validation")]
    )
    assert found(files, "duplicate_keys") == []


def test_orphans_are_found_in_every_table(tmp_path):
    files = tiny_release(
        tmp_path,
        images=[photo(1, "user", 1)],
        items=[garment(1, 1), garment(2, 1), garment(1, 1, item_no=2, polygon_count=2)],
        landmarks=points("visible", image_id=3),
        polygons=[{"image_id": 4, "polygon_no": 1}, {"item_no": 2, "polygon_no": 1}],
        pictures=[{"image_id": 5}],
        pairs=[{"user_image_id": 6, "user_item_no": 1, "shop_image_id": 1, "shop_item_no": 1}],
    )
    rows = [
        (row["table_name"], row["image_id"], row["problem"]) for row in found(files, "orphan_rows")
    ]
    assert rows == [
        ("items", 1, "polygon_count is not the number of its polygons"),
        ("items", 2, "no image"),
        ("landmarks", 3, "no item"),
        ("pairs", 6, "no item"),
        ("pictures", 5, "no image"),
        ("polygons", 4, "no item"),
    ]


@pytest.mark.parametrize(
    ("landmarks", "counts", "sound"),
    [
        (SKIRT, COUNTS, True),
        (SKIRT[:7], COUNTS, False),
        ([*SKIRT, "unlabelled"], COUNTS, False),
        (SKIRT, COUNTS | {"landmarks_visible": 5}, False),
        (SKIRT, COUNTS | {"landmarks_occluded": 2}, False),
        ([], {"landmarks_visible": 0, "landmarks_occluded": 0}, False),
    ],
)
def test_an_item_has_the_landmarks_of_its_category(tmp_path, landmarks, counts, sound):
    files = tiny_release(tmp_path, items=[garment(1, 1, **counts)], landmarks=points(*landmarks))
    assert (found(files, "landmark_counts") == []) == sound


def test_landmarks_are_numbered_from_1_without_gap(tmp_path):
    shifted = [row | {"landmark_no": row["landmark_no"] + 1} for row in points(*SKIRT)]
    files = tiny_release(tmp_path, items=[garment(1, 1, **COUNTS)], landmarks=shifted)
    assert len(found(files, "landmark_counts")) == 1


def test_a_fashionai_list_without_answers_needs_no_landmarks(tmp_path):
    skirt = garment(1, None, dataset="fashionai", split="test_b", category_id=4)
    assert found(tiny_release(tmp_path, items=[skirt]), "landmark_counts") == []


def test_a_category_without_landmarks_needs_none(tmp_path):
    boot = garment(1, None, dataset="fashion-mnist", category_id=9)
    assert found(tiny_release(tmp_path, items=[boot]), "landmark_counts") == []


def test_the_vocabulary_of_the_check_is_the_declared_one(tmp_path):
    lists = {
        "source": vocabulary.SOURCES,
        "image_status": vocabulary.IMAGE_STATUSES,
        "scale": vocabulary.SCALES,
        "occlusion": vocabulary.OCCLUSIONS,
        "zoom_in": vocabulary.ZOOMS,
        "viewpoint": vocabulary.VIEWPOINTS,
        "visibility": vocabulary.VISIBILITY,
        "pair_kind": vocabulary.PAIR_KINDS,
        "negative_kind": vocabulary.NEGATIVE_KINDS,
        "dataset": tuple(DATASETS),
        "split": SPLITS,
    }
    text = query("words_in_vocabulary").text
    for column, words in lists.items():
        declared = [line.split("'")[3] for line in text.splitlines()
                    if line.strip().startswith(f"('{column}',")]  # fmt: skip
        assert tuple(declared) == tuple(words)


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("images", {"source": "consumer"}, "source"),
        ("images", {"image_status": "gone"}, "image_status"),
        ("images", {"split": "val"}, "split"),
        ("images", {"dataset": "deepfashion3"}, "dataset"),
        ("items", {"scale": "huge"}, "scale"),
        ("items", {"occlusion": "none"}, "occlusion"),
        ("items", {"zoom_in": "far"}, "zoom_in"),
        ("items", {"viewpoint": "back"}, "viewpoint"),
        ("landmarks", {"visibility": "hidden"}, "visibility"),
        ("pairs", {"pair_kind": "negative"}, "pair_kind"),
        ("triplets", {"negative_kind": "positive"}, "negative_kind"),
    ],
)
def test_a_word_outside_its_vocabulary_is_found(tmp_path, table, row, column):
    plain = {"pairs": {"pair_kind": "positive"}, "triplets": {"negative_kind": "negative_random"}}
    sound = tiny_release(tmp_path / "sound", **{table: [plain.get(table, {})]})
    assert found(sound, "words_in_vocabulary") == []
    files = tiny_release(tmp_path / "odd", **{table: [plain.get(table, {}) | row] * 3})
    (offence,) = found(files, "words_in_vocabulary")
    assert (offence["table_name"], offence["column_name"]) == (table, column)
    assert (offence["word"], offence["occurrences"]) == (row[column], 3)


@pytest.mark.parametrize(
    ("table", "row", "problem"),
    [
        ("items", {"x1": 1.0}, "box with some edges only"),
        ("items", {"x1": 0.0, "y1": 0.0, "x2": float("nan"), "y2": 1.0}, "box that is not finite"),
        ("items", {"x1": 0.0, "y1": 0.0, "x2": float("inf"), "y2": 1.0}, "box that is not finite"),
        ("items", {"x1": 5.0, "y1": 0.0, "x2": 4.0, "y2": 1.0}, "box that is inverted"),
        ("items", {"x1": 5.0, "y1": 0.0, "x2": 5.0, "y2": 1.0}, None),
        ("landmarks", {"x": 1.0}, "landmark with one coordinate"),
        ("landmarks", {"visibility": "occluded"}, "labelled landmark without a place"),
        ("landmarks", {"visibility": "unlabelled"}, None),
        ("landmarks", {"x": float("-inf"), "y": 1.0}, "landmark that is not finite"),
        ("polygons", {"area": float("nan"), "point_count": 3}, "polygon that is not finite"),
        ("polygons", {"area": 2.0, "point_count": 2}, "polygon of fewer than three points"),
        ("polygons", {"area": 0.0, "point_count": 3}, None),
    ],
)
def test_coordinates_that_are_no_places_are_found(tmp_path, table, row, problem):
    rows = found(tiny_release(tmp_path, **{table: [row]}), "coordinates_finite")
    assert [one["problem"] for one in rows] == ([problem] if problem else [])


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_one_odd_number_among_good_ones_is_found(tmp_path, odd):
    # The file's statistics say that all of x2 lies between 2 and 4.
    boxes = [{"x1": 0.0, "y1": 0.0, "x2": x2, "y2": 1.0} for x2 in (2.0, odd, 4.0)]
    files = tiny_release(tmp_path, items=[row | {"item_no": n} for n, row in enumerate(boxes)])
    assert [row["item_no"] for row in found(files, "coordinates_finite")] == [1]


def test_unknown_and_misnamed_categories_are_found(tmp_path):
    files = tiny_release(
        tmp_path,
        items=[
            garment(1, 1, category_id=9, category_name="skirt"),
            garment(2, 1, category_id=14, category_name="cape"),
            garment(3, 1, category_id=8, category_name="pants"),
        ],
    )
    assert [row["category_id"] for row in found(files, "category_ids_known")] == [14]
    (row,) = found(files, "category_names")
    assert (row["category_name"], row["expected_name"]) == ("pants", "trousers")


def test_pairs_are_held_against_their_items(tmp_path):
    images = [photo(1, "user", 1), photo(2, "shop", 1), photo(3, "shop", 2)]
    items = [garment(1, 1), garment(2, 1), garment(2, 2, item_no=2), garment(3, 1)]
    files = tiny_release(tmp_path, images=images, items=items)
    built = with_pairs(tmp_path / "b", files, "negative_same_pair", "negative_random")
    assert found(built, "pairs_hold_the_rule") == []

    (lost,) = found(files, "pairs_hold_the_rule")  # no pairs at all
    assert lost["problem"] == "0 pairs, but the items give 1"

    def tampered(kind, **changes):
        (row,) = [one for one in answers(built, "positive_pairs")]
        row = row | {"pair_kind": kind} | changes
        again = tiny_release(tmp_path / str(changes) / kind, vocabularies=False, pairs=[row])
        return found(files | again, "pairs_hold_the_rule")[0]["problem"]

    assert tampered("positive", user_image_id=9) == "not the item of a consumer"
    assert tampered("positive", shop_image_id=1) == "not the item of a shop"
    assert tampered("positive", shop_style=3) == "labels differ from the items"
    assert tampered("positive", shop_image_id=3, shop_pair_id=2) == "pair_ids differ"
    assert tampered("positive", shop_item_no=2, shop_style=2) == "styles differ"
    assert tampered("negative_same_pair") == "styles are equal"
    assert tampered("negative_random") == "pair_ids are equal"


def test_triplets_are_held_against_the_pairs(tmp_path):
    files = tiny_release(
        tmp_path,
        images=[photo(1, "user", 1), photo(2, "shop", 1), photo(3, "shop", 2)],
        items=[garment(1, 1), garment(2, 1), garment(3, 1)],
    )
    built = with_pairs(tmp_path / "b", files, "negative_random")
    (triplet,) = answers(built, "triplets")

    def problems(**changes):
        again = tiny_release(
            tmp_path / str(changes), vocabularies=False, triplets=[triplet | changes]
        )
        return [row["problem"] for row in found(built | again, "triplets_hold_the_rule")]

    assert problems() == []
    assert problems(positive_image_id=3) == ["anchor and positive are not a positive pair"]
    assert problems(negative_image_id=2) == ["anchor and negative are not a pair of that kind"]
    assert problems(negative_kind="negative_same_pair") == [
        "anchor and negative are not a pair of that kind"
    ]


def test_a_verdict_counts_all_and_shows_the_first(tmp_path):
    files = tiny_release(
        tmp_path, images=[photo(n, "user", 1, image_status="missing") for n in range(9)]
    )
    (verdict,) = run_checks(open_warehouse(files), examples=2, only=["missing_pictures"])
    assert (verdict.rows, verdict.severity, verdict.blocks) == (9, "warn", False)
    assert [row["image_id"] for row in verdict.examples] == [0, 1]
    assert isinstance(query("missing_pictures"), Query)

"""The queries of exports and of the report: their rows and their order."""

import pytest
from builders import garment, photo
from releases import answers, write_files

from flows.warehouse import queries

TRAIN = {"dataset": "deepfashion2", "split": "train"}


def image_ids(files, query, **parameters):
    return [row["image_id"] for row in answers(files, query, **parameters)]


@pytest.fixture(scope="module")
def two_splits(tmp_path_factory):
    """Image 1 in two splits, with other sizes, pair_ids, categories and landmarks."""
    train = {"width": 100, "height": 50, "byte_size": 5_000}
    test = {"split": "test", "width": 400, "height": 200, "byte_size": 80_000}
    return write_files(
        tmp_path_factory.mktemp("two_splits"),
        images=[photo(1, "user", 7, **train), photo(1, "shop", 8, **test)],
        items=[garment(1, 1), garment(1, 2, split="test", category_id=5, category_name="vest")],
        landmarks=[
            {"landmark_no": 1, "x": 1.0, "y": 2.0},
            {"landmark_no": 2, "x": 9.0, "y": 8.0},
            {"landmark_no": 1, "x": 300.0, "y": 100.0, "split": "test"},
        ],
        polygons=[{"polygon_no": 1}, {"polygon_no": 1, "split": "test"}],
        pictures=[
            {"image": {"bytes": b"train", "path": ""}},
            {"image": {"bytes": b"test", "path": ""}, "split": "test"},
        ],
    )


@pytest.mark.slow
def test_a_query_of_one_split_has_no_row_of_another(two_splits):
    for query in [*queries("coco"), *queries("training")]:
        if {"dataset", "split"} <= set(query.param_names) and "image_id" not in query.param_names:
            (row,) = answers(two_splits, query.name, **TRAIN)[:1]
            assert row.get("pair_id", 7) == 7 and row.get("category_id", 9) == 9, query.name


def test_a_coco_annotation_has_the_image_and_landmarks_of_its_split(two_splits):
    (row,) = answers(two_splits, "coco_annotations", **TRAIN)
    assert (row["pair_id"], row["source"], row["box_from"]) == (7, "user", "landmarks")
    assert [row[name] for name in ("x1", "y1", "x2", "y2")] == [1, 2, 9, 8]


def test_a_class_picture_is_that_of_the_items_split(two_splits):
    rows = answers(two_splits, "class_pictures", dataset="deepfashion2")
    assert [(row["category_name"], row["split"], row["image"]["bytes"]) for row in rows] == [
        ("vest", "test", b"test"),
        ("skirt", "train", b"train"),
    ]


def test_a_training_item_has_the_size_of_its_splits_picture(two_splits):
    (row,) = answers(two_splits, "training_items", **TRAIN)
    assert (row["width"], row["height"], row["byte_size"]) == (100, 50, 5_000)


def test_images_of_a_pair_come_with_the_consumers_first(tmp_path):
    images = [photo(n, "user" if n in (2, 4) else "shop", 7) for n in (1, 2, 3, 4)]
    images += [photo(9, "user", 8), photo(2, "user", 7, split="test")]
    files = write_files(tmp_path, images=images)
    assert image_ids(files, "pair_images", image_id=1, **TRAIN) == [2, 4, 1, 3]
    assert image_ids(files, "pair_images", image_id=1, **TRAIN, most=3) == [2, 4, 1]


def test_the_largest_pairs_are_the_examples(tmp_path):
    pairs = [
        {"pair_kind": "positive", "user_image_id": pair_id * 10 + image, "user_item_no": 1}
        | {"shop_image_id": pair_id * 10 + 9, "shop_item_no": 1, "user_pair_id": pair_id}
        | {"user_style": 1}
        for pair_id, images in ((1, 1), (2, 4), (3, 2))
        for image in range(images)
    ]
    files = write_files(tmp_path, pairs=pairs)
    rows = answers(files, "sample_pairs", most=2)
    assert [(row["pair_id"], row["image_id"]) for row in rows] == [(2, 20), (3, 30)]


def test_example_images_have_a_picture_and_a_visible_landmark(tmp_path):
    images = [photo(number, "user", 1) for number in (1, 2, 3)]
    images.append(photo(4, "user", 1, image_status="missing"))
    visible = {"landmarks_visible": 1}
    items = [garment(1, 1), garment(2, 1, **visible), garment(4, 1, **visible)]
    assert image_ids(write_files(tmp_path, images=images, items=items), "sample_images") == [2]


def test_example_images_alternate_the_categories(tmp_path):
    images = [photo(number, "user", 1) for number in range(1, 7)]
    items = [
        garment(number, 1, category_id=5 if number == 6 else 9, landmarks_visible=1)
        for number in range(1, 7)
    ]
    files = write_files(tmp_path, images=images, items=items)
    assert 6 in image_ids(files, "sample_images", most=2)


def test_training_images_say_why_they_are_left_out(tmp_path):
    images = [
        photo(1, "user", 1, image_status="missing"),
        photo(2, "user", 1, annotated=False),
        photo(3, "user", 1, byte_size=10),
        photo(4, "user", 1, image_status="unreadable", annotated=False),
        photo(5, "user", 1),
    ]
    files = write_files(tmp_path, images=images, items=[garment(3, 1), garment(3, 1, 2)])

    def reasons(**parameters):
        rows = answers(files, "training_images", **TRAIN, **parameters)
        return [row["left_out"] for row in rows]

    bad = ["picture missing", "without annotation", None, "picture unreadable"]
    assert reasons() == [*bad, None]
    assert reasons(task="classification") == [*bad, "without item"]
    row = answers(files, "training_images", **TRAIN)[2]
    assert (row["image_id"], row["items"], row["byte_size"]) == (3, 2, 10)


def test_an_image_without_width_or_height_is_without_size(tmp_path):
    sizes = [(1, 1), (None, 1), (1, None), (None, None)]
    images = [
        photo(number, "user", 1, width=width, height=height)
        for number, (width, height) in enumerate(sizes)
    ]
    (row,) = answers(write_files(tmp_path, images=images), "coco_totals", **TRAIN)
    assert (row["images"], row["without_size"]) == (4, 3)


def test_information_images_are_those_of_a_source(tmp_path):
    files = write_files(
        tmp_path, images=[photo(1, "user", 1), photo(2, "shop", 1), photo(3, "user", 1)]
    )
    for source, numbers in (("any", [1, 2, 3]), ("user", [1, 3]), ("shop", [2])):
        assert image_ids(files, "information_images", **TRAIN, source=source) == numbers

"""The checks that warn: oddities of a source, each with the rule that it bends."""

import pytest
from builders import garment, photo
from releases import answers, write_files

from flows.warehouse import query

BOX = ("x1", "y1", "x2", "y2")


def boxed(image_id, style, *edges, **more):
    """An items row with a box."""
    return garment(image_id, style, **dict(zip(BOX, map(float, edges), strict=True)), **more)


@pytest.mark.parametrize(
    ("edges", "beyond"),
    [
        ((0, 0, 100, 200), None),  # the range is closed
        ((-1, 0, 50, 50), 1.0),
        ((0, -2, 50, 50), 2.0),
        ((0, 0, 103, 50), 3.0),
        ((0, 0, 50, 200.5), 0.5),
    ],
)
def test_a_box_may_touch_the_edge_and_not_pass_it(tmp_path, edges, beyond):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1, width=100, height=200)],
        items=[boxed(1, 1, *edges)],
    )
    found = [row["beyond"] for row in answers(files, "boxes_outside_image")]
    assert found == ([] if beyond is None else [beyond])


def test_nothing_is_outside_a_picture_of_unknown_size(tmp_path):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1)],
        items=[boxed(1, 1, 0, 0, 9999, 9999)],
        landmarks=[{"landmark_no": 1, "x": 9999.0, "y": 1.0}],
        polygons=[{"polygon_no": 1, "points": [0.0, 0.0, 9999.0, 0.0, 0.0, 9.0], "point_count": 3}],
    )
    for name in ("boxes_outside_image", "landmarks_outside_image", "polygons_outside_image"):
        assert answers(files, name) == []


@pytest.mark.parametrize(
    ("x", "y", "beyond"), [(100, 200, None), (100.25, 200, 0.25), (-3, 5, 3), (0, 201, 1)]
)
def test_a_landmark_may_touch_the_edge_and_not_pass_it(tmp_path, x, y, beyond):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1, width=100, height=200)],
        landmarks=[
            {"landmark_no": 1, "x": float(x), "y": float(y)},
            {"landmark_no": 2, "visibility": "unlabelled"},
        ],
    )
    found = [row["beyond"] for row in answers(files, "landmarks_outside_image")]
    assert found == ([] if beyond is None else [beyond])


@pytest.mark.parametrize(
    ("points", "outside", "beyond"),
    [
        ([0, 0, 100, 0, 100, 200], 0, None),
        ([0, 0, 101, 0, 100, 200], 1, 1),
        ([0, 0, 50, 150, 150, 50], 1, 50),  # y 150 is inside, x 150 is not
        ([0, -2, 50, 203, 0, 50], 2, 3),
    ],
)
def test_x_and_y_of_a_polygon_are_held_against_their_own_side(tmp_path, points, outside, beyond):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1, width=100, height=200)],
        polygons=[{"polygon_no": 1, "points": points, "point_count": len(points) // 2}],
    )
    found = [(row["points_outside"], row["beyond"])
             for row in answers(files, "polygons_outside_image")]  # fmt: skip
    assert found == ([] if beyond is None else [(outside, beyond)])


def test_a_consumers_style_without_a_shops_item_is_reported(tmp_path):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1), photo(2, "shop", 1), photo(3, "user", 2)],
        items=[
            garment(1, 1),
            garment(1, 4, item_no=2),
            garment(2, 1),
            garment(2, 5, item_no=2),
            garment(3, 0),
            garment(3, -4, item_no=2),
        ],
    )
    (row,) = answers(files, "styles_without_counterpart")
    assert (row["image_id"], row["item_no"], row["style"]) == (1, 2, 4)

    # The shop side is information: counted, and listed by the gallery.
    (totals,) = answers(files, "pair_totals")
    assert (totals["user_orphan_items"], totals["shop_orphan_items"]) == (1, 1)
    gallery = answers(files, "retrieval_gallery")
    assert [(row["style"], row["counterparts"]) for row in gallery] == [(1, 1), (5, 0)]


def test_a_style_below_zero_is_reported_and_pairs_with_nothing(tmp_path):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1), photo(2, "shop", 1)],
        items=[garment(1, -1), garment(1, 0, item_no=2), garment(2, -1), garment(2, None, 2)],
    )
    rows = answers(files, "negative_styles")
    assert [(row["image_id"], row["item_no"], row["style"]) for row in rows] == [
        (1, 1, -1),
        (2, 1, -1),
    ]
    assert answers(files, "positive_pairs") == []
    assert query("negative_styles").severity == "warn"


def labels(files):
    """The labels that contradict the box or the landmarks."""
    return [(row["label"], row["value"]) for row in answers(files, "labels")]


@pytest.mark.parametrize(
    ("label", "edges", "agrees"),
    [
        ("small", (0, 0, 9, 100), True),
        ("small", (0, 0, 10, 100), False),
        ("modest", (0, 0, 10, 100), True),
        ("modest", (0, 0, 40, 100), True),
        ("modest", (0, 0, 41, 100), False),
        ("large", (0, 0, 41, 100), True),
    ],
)
def test_the_scale_label_is_compared_with_the_box(tmp_path, label, edges, agrees):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1, width=100, height=100)],
        items=[boxed(1, 1, *edges, scale=label)],
    )
    assert labels(files) == ([] if agrees else [("scale", label)])


@pytest.mark.parametrize(
    ("label", "occluded", "agrees"),
    [
        ("slight", 1, True),
        ("slight", 2, False),
        ("medium", 2, True),
        ("medium", 5, True),
        ("heavy", 5, False),
        ("heavy", 6, True),
    ],
)
def test_the_occlusion_label_is_compared_with_all_landmarks_of_the_category(
    tmp_path, label, occluded, agrees
):
    # Shorts have ten landmarks.
    item = garment(1, 1, category_id=7, occlusion=label, landmarks_occluded=occluded)
    files = write_files(tmp_path, images=[photo(1, "user", 1)], items=[item])
    assert labels(files) == ([] if agrees else [("occlusion", label)])


@pytest.mark.parametrize(
    ("label", "labelled", "agrees"),
    [("large", 6, True), ("large", 7, False), ("medium", 7, True), ("no_zoom", 6, False)],
)
def test_a_large_zoom_is_compared_with_the_unlabelled_landmarks(tmp_path, label, labelled, agrees):
    item = garment(1, 1, category_id=7, zoom_in=label, landmarks_visible=labelled)
    files = write_files(tmp_path, images=[photo(1, "user", 1)], items=[item])
    assert labels(files) == ([] if agrees else [("zoom_in", label)])


def test_every_image_without_a_usable_picture_is_reported(tmp_path):
    states = ["ok", "missing", "unreadable", "too_large", "not_a_picture"]
    images = [photo(n, "user", 1, image_status=state) for n, state in enumerate(states)]
    rows = answers(write_files(tmp_path, images=images), "missing_pictures")
    assert [(row["image_id"], row["image_status"]) for row in rows] == list(enumerate(states))[1:]


def test_the_same_picture_in_two_splits_is_reported(tmp_path):
    files = write_files(
        tmp_path,
        images=[
            photo(1, "user", 1, sha256="aa"),
            photo(7, "user", 1, split="validation", sha256="aa"),
            photo(8, "user", 1, split="validation", sha256="bb"),
            photo(2, "user", 1),
            photo(2, "user", 1, split="validation"),  # numbers restart: no evidence
            {"dataset": "fashion-mnist", "image_id": 9, "split": "test", "sha256": "aa"},
            {"dataset": "fashionai", "image_id": 5},
            {"dataset": "fashionai", "image_id": 5, "split": "test_a"},
        ],
    )
    names = ("dataset", "image_id", "other_split", "other_image_id", "evidence")
    rows = [tuple(row[name] for name in names) for row in answers(files, "leakage")]
    assert rows == [
        ("deepfashion2", 1, "validation", 7, "same bytes"),
        ("fashionai", 5, "train", 5, "same identity"),
    ]

"""The checks that warn: oddities of a source, each with the rule that it bends."""

import pytest
from builders import garment, photo
from releases import answers, write_files

from flows.warehouse import query
from schemas import TABLES


def polygon(*points, **more):
    numbers = [float(number) for number in points]
    return {"polygon_no": 1, "points": numbers, "point_count": len(points) // 2} | more


def landmark(x, y, **more):
    return {"landmark_no": 1, "x": float(x), "y": float(y)} | more


OUTSIDE = [
    *(
        ("boxes", "items", garment(1, 1, box=edges), beyond)
        for edges, beyond in (
            ((0, 0, 100, 200), None),  # the range is closed
            ((-1, 0, 50, 50), 1.0),
            ((0, -2, 50, 50), 2.0),
            ((0, 0, 103, 50), 3.0),
            ((0, 0, 50, 200.5), 0.5),
        )
    ),
    ("landmarks", "landmarks", landmark(100, 200), None),
    ("landmarks", "landmarks", landmark(100.25, 200), 0.25),
    ("landmarks", "landmarks", landmark(-3, 5), 3),
    ("landmarks", "landmarks", landmark(0, 201), 1),
    ("landmarks", "landmarks", landmark(120, 1, visibility="unlabelled"), 20),
    ("landmarks", "landmarks", {"landmark_no": 2, "visibility": "unlabelled"}, None),
    ("polygons", "polygons", polygon(0, 0, 100, 0, 100, 200), None),
    ("polygons", "polygons", polygon(0, 0, 101, 0, 100, 200), 1),
    ("polygons", "polygons", polygon(0, 0, 50, 150, 150, 50), 50),  # y 150 is inside, x is not
    ("polygons", "polygons", polygon(0, -2, 50, 203, 0, 50), 3),
]


@pytest.mark.parametrize(("what", "table", "row", "beyond"), OUTSIDE)
def test_annotations_may_touch_the_edge_and_not_pass_it(tmp_path, what, table, row, beyond):
    images = [photo(1, "user", 1, width=100, height=200)]
    files = write_files(tmp_path, images=images, **{table: [row]})
    found = answers(files, f"{what}_outside_image")
    assert [row["beyond"] for row in found] == ([] if beyond is None else [beyond])
    if what == "polygons" and found:
        assert found[0]["points_outside"] == (2 if beyond == 3 else 1)


@pytest.mark.parametrize("least", [0.0, -3.0])
def test_only_negative_coordinates_are_outside_a_picture_of_unknown_size(tmp_path, least):
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1)],
        items=[garment(1, 1, box=(least, 0, 9999, 9999))],
        landmarks=[landmark(least, 9999)],
        polygons=[polygon(least, 0, 9999, 0, 0, 9)],
    )
    for what in ("boxes", "landmarks", "polygons"):
        name = f"{what}_outside_image"
        found = [(row["beyond"], row["width"]) for row in answers(files, name)]
        assert found == ([(3, None)] if least else [])
        assert "found in every picture" in query(name).prose
        assert "null" in query(name).columns["width"]


def test_the_documentation_says_that_unlabelled_landmarks_with_coordinates_count():
    assert "Unlabelled landmarks count" in query("landmarks_outside_image").prose
    for name in ("x", "y"):
        doc = TABLES["landmarks"].schema.field(name).metadata[b"doc"].decode()
        assert "null when unlabelled at the source's placeholder" in doc and "else kept" in doc


def test_a_consumers_style_without_a_shops_item_is_reported(tmp_path):
    styles = [(1, 1), (1, 4, 2), (2, 1), (2, 5, 2), (3, 0), (3, -4, 2)]
    files = write_files(
        tmp_path,
        images=[photo(1, "user", 1), photo(2, "shop", 1), photo(3, "user", 2)],
        items=[garment(*item) for item in styles],
    )
    (row,) = answers(files, "styles_without_counterpart")
    assert (row["image_id"], row["item_no"], row["style"]) == (1, 2, 4)

    # The shop side is information: counted, and listed by the gallery.
    (totals,) = answers(files, "pair_totals")
    assert (totals["user_orphan_items"], totals["shop_orphan_items"]) == (1, 1)
    gallery = answers(files, "retrieval_gallery")
    assert [(row["style"], row["counterparts"]) for row in gallery] == [(1, 1), (5, 0)]


def test_a_style_below_zero_is_reported(tmp_path):
    items = [garment(1, -1), garment(1, 0, item_no=2), garment(2, -1), garment(2, None, 2)]
    images = [photo(1, "user", 1), photo(2, "shop", 1)]
    rows = answers(write_files(tmp_path, images=images, items=items), "negative_styles")
    keys = [(row["image_id"], row["item_no"], row["style"]) for row in rows]
    assert keys == [(1, 1, -1), (2, 1, -1)]
    assert query("negative_styles").severity == "warn"


SHORTS = {"category_id": 7}  # ten landmarks
LABELS = [
    *(
        ("scale", label, {"box": edges}, agrees)
        for label, edges, agrees in (
            ("small", (0, 0, 9, 100), True),
            ("small", (0, 0, 10, 100), False),
            ("modest", (0, 0, 10, 100), True),
            ("modest", (0, 0, 40, 100), True),
            ("modest", (0, 0, 41, 100), False),
            ("large", (0, 0, 41, 100), True),
        )
    ),
    *(
        ("occlusion", label, SHORTS | {"landmarks_occluded": occluded}, agrees)
        for label, occluded, agrees in (
            ("slight", 1, True),
            ("slight", 2, False),
            ("medium", 2, True),
            ("medium", 5, True),
            ("heavy", 5, False),
            ("heavy", 6, True),
        )
    ),
    *(
        ("zoom_in", label, SHORTS | {"landmarks_visible": labelled}, agrees)
        for label, labelled, agrees in (
            ("large", 6, True),
            ("large", 7, False),
            ("medium", 7, True),
            ("no_zoom", 6, False),
        )
    ),
]


def test_labels_are_compared_with_the_box_and_the_landmarks(tmp_path):
    """The scale with the box; the others with all landmarks that the category has."""
    files = write_files(
        tmp_path,
        images=[photo(n, "user", 1, width=100, height=100) for n in range(len(LABELS))],
        items=[
            garment(n, 1, **{name: label}, **more)
            for n, (name, label, more, _) in enumerate(LABELS)
        ],
    )
    assert [(row["image_id"], row["label"], row["value"]) for row in answers(files, "labels")] == [
        (n, name, label) for n, (name, label, _, agrees) in enumerate(LABELS) if not agrees
    ]


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

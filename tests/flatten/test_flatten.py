"""Nested annotations become rows: numbering, areas, names, slices."""

import math
from itertools import groupby
from operator import itemgetter

import pyarrow as pa
import pytest
from builders import TRIANGLE, annotations, item, landmark
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.flatten import flatten
from schemas import TABLES
from schemas.annotation import ANNOTATION
from schemas.categories import FASHIONAI_POINTS, category

COORDINATE = st.floats(0, 3000, allow_subnormal=False) | st.integers(0, 3000).map(float)
POINTS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=7)
POLYGONS = st.lists(POINTS.map(lambda points: [n for point in points for n in point]), max_size=3)
LANDMARK = st.builds(landmark, COORDINATE, COORDINATE, st.sampled_from(["visible", "occluded"]))
LANDMARK |= st.just(landmark(None, None, "unlabelled"))
ITEMS = st.lists(
    st.builds(
        lambda points, polygons: {"landmarks": points, "polygons": polygons},
        st.lists(LANDMARK, max_size=4),
        POLYGONS,
    ),
    max_size=3,
)


def numbered(changes: list[dict]) -> list[dict]:
    return [item(number, **change) for number, change in enumerate(changes, start=1)]


def rows_of_items(batch: pa.RecordBatch, *columns: str) -> dict[tuple[int, int], list[tuple]]:
    """Values of some columns of each item's rows, in the order of the batch."""
    rows = groupby(batch.to_pylist(), key=itemgetter("image_id", "item_no"))
    return {key: [tuple(row[name] for name in columns) for row in group] for key, group in rows}


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(ITEMS, min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 4))
def test_rows_regroup_into_the_items_they_came_from(images, start, length):
    batch = annotations(*map(numbered, images)).slice(start, length)
    tables = flatten(batch)
    items, landmarks, polygons = {}, {}, {}
    for image in batch.to_pylist():
        for annotated in image["items"]:
            key = image["image_id"], annotated["item_no"]
            words = [point["visibility"] for point in annotated["landmarks"]]
            counts = words.count("visible"), words.count("occluded"), len(annotated["polygons"])
            items[key] = [counts]
            landmarks[key] = [
                (number, *point.values()) for number, point in enumerate(annotated["landmarks"], 1)
            ]
            polygons[key] = list(enumerate(annotated["polygons"], 1))
    of_items = rows_of_items(
        tables["items"], "landmarks_visible", "landmarks_occluded", "polygon_count"
    )
    assert list(of_items.items()) == list(items.items())
    of_landmarks = rows_of_items(tables["landmarks"], "landmark_no", "x", "y", "visibility")
    assert of_landmarks == {key: rows for key, rows in landmarks.items() if rows}
    of_polygons = rows_of_items(tables["polygons"], "polygon_no", "points")
    assert of_polygons == {key: rows for key, rows in polygons.items() if rows}


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(POLYGONS, min_size=1, max_size=4))
def test_outlines_are_measured_one_by_one(polygons):
    rows = flatten(
        annotations(numbered([{"polygons": annotated_item} for annotated_item in polygons]))
    )["polygons"]
    for row in rows.to_pylist():
        points = list(zip(row["points"][0::2], row["points"][1::2], strict=True))
        following = points[1:] + points[:1]
        twice = math.fsum(
            term
            for a, b in zip(points, following, strict=True)
            for term in (a[0] * b[1], -b[0] * a[1])
        )
        assert row["area"] == pytest.approx(abs(twice) / 2, rel=1e-9, abs=1e-6)
        assert row["closed"] == (points[0] == points[-1])
        assert row["point_count"] == len(points)


@pytest.mark.parametrize(
    ("points", "area", "closed"),
    [
        (TRIANGLE, 2800, True),
        (TRIANGLE[:-2], 2800, False),
        (TRIANGLE[::-1], None, True),
        ([5, 5, 5, 5, 5, 5], 0, True),
        ([1e6, 1e6, 1e6 + 1, 1e6, 1e6 + 1, 1e6 + 1, 1e6, 1e6 + 1], 1, False),
    ],
)
def test_an_area_does_not_depend_on_closing_or_on_where_it_lies(points, area, closed):
    (row,) = flatten(annotations([item(polygons=[points])]))["polygons"].to_pylist()
    assert row["closed"] == closed
    assert area is None or row["area"] == area


def test_images_without_items_have_only_their_own_rows():
    tables = flatten(annotations([], [], annotated=False, source=None, pair_id=None))
    counts = [len(tables[name]) for name in ("images", "items", "landmarks", "polygons")]
    assert counts == [2, 0, 0, 0]


def test_an_empty_batch_gives_empty_tables_in_their_declared_schemas():
    for name, batch in flatten(pa.RecordBatch.from_pylist([], schema=ANNOTATION)).items():
        assert len(batch) == 0
        assert batch.schema.equals(TABLES[name].schema, check_metadata=True)


def test_pictures_are_a_table_only_when_some_are_embedded():
    assert "pictures" not in flatten(annotations([item()]))
    batch = annotations([], [], [])
    picture = pa.array(
        [None, {"bytes": b"jpeg", "path": "000002.jpg"}, None], ANNOTATION.field("picture").type
    )
    place = ANNOTATION.get_field_index("picture")
    batch = batch.set_column(place, ANNOTATION.field("picture"), picture)
    pictures = flatten(batch)["pictures"]
    assert pictures.schema.equals(TABLES["pictures"].schema, check_metadata=True)
    assert pictures.to_pylist() == [
        {
            "dataset": "deepfashion2",
            "split": "train",
            "image_id": 2,
            "image": {"bytes": b"jpeg", "path": "000002.jpg"},
        }
    ]
    assert "pictures" not in flatten(batch.slice(2))


def test_landmarks_carry_the_names_their_source_gives():
    skirt = item(category_id=4, landmarks=[landmark()] * 4)
    dress = item(2, category_id=3, landmarks=[landmark()] * 15)
    names = flatten(annotations([skirt, dress], [], [skirt], dataset="fashionai"))["landmarks"][
        "landmark_name"
    ].to_pylist()
    assert names[:4] == ["waistband_left", "waistband_right", "hemline_left", "hemline_right"]
    assert names[4:19] == list(category("fashionai", 3).landmark_names)
    assert names[19:] == names[:4]
    assert set(names) <= set(FASHIONAI_POINTS)
    rows = flatten(annotations([item()]))["landmarks"]
    assert rows["landmark_name"].to_pylist() == [None] * 8

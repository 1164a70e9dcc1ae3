"""Two states of the tables are compared by key: rows added, removed and changed."""

import pytest
from builders import garment
from releases import write_files

from flows.warehouse.diff import DIFFERENCES, diff_tables

LANDMARK = {"item_no": 1, "landmark_no": 1, "x": 1.0, "y": 2.0}


def differences(before, after):
    """The rows of `diff_tables` as (table, split, category, added, removed, changed)."""
    items = [*before.get("items", ()), *after.get("items", ())]
    rows = diff_tables(before, after, items)
    assert rows.schema == DIFFERENCES
    return [tuple(row.values())[:1] + tuple(row.values())[2:] for row in rows.to_pylist()]


@pytest.mark.slow
def test_items_are_counted_by_split_and_category(tmp_path):
    vest = {"category_id": 5, "category_name": "vest"}
    before = write_files(
        tmp_path / "before",
        items=[garment(1, 1), garment(2, 1), garment(3, 1, **vest), garment(4, 1, split="test")],
    )
    after = write_files(
        tmp_path / "after",
        items=[
            *(garment(1, 1), garment(2, 7), garment(4, 1, split="test")),
            *(garment(5, 1, **vest), garment(6, 1, split="test")),
        ],
    )
    assert differences(before, after) == [
        ("items", "test", "skirt", 1, 0, 0),
        ("items", "train", "skirt", 0, 0, 1),
        ("items", "train", "vest", 1, 1, 0),
    ]
    assert differences(before, before) == []


def test_landmarks_take_the_category_of_their_item(tmp_path):
    items = [garment(1, 1)]
    before = write_files(tmp_path / "before", items=items, landmarks=[LANDMARK])
    after = write_files(
        tmp_path / "after",
        items=items,
        landmarks=[LANDMARK | {"x": 3.0}, LANDMARK | {"landmark_no": 2, "x": None}],
    )
    assert differences(before, after) == [("landmarks", "train", "skirt", 1, 0, 1)]


def test_a_value_that_becomes_null_is_a_change(tmp_path):
    before = write_files(tmp_path / "before", images=[{"width": 5}])
    after = write_files(tmp_path / "after", images=[{"width": None}])
    assert differences(before, after) == [("images", "train", None, 0, 0, 1)]


@pytest.mark.slow
def test_rejections_without_an_item_are_matched(tmp_path):
    whole = {"image_id": None, "item_no": None, "rule": "unreadable"}
    before = write_files(tmp_path / "before", rejections=[whole])
    after = write_files(
        tmp_path / "after", rejections=[whole, whole | {"item_no": 2, "rule": "odd"}]
    )
    assert differences(before, before) == []
    assert differences(before, after) == [("rejections", "train", None, 1, 0, 0)]


@pytest.mark.slow
def test_a_table_that_exists_in_one_state_only(tmp_path):
    after = write_files(tmp_path, polygons=[{"polygon_no": 1}], vocabularies=False)
    assert differences({}, after) == [("polygons", "train", None, 1, 0, 0)]
    assert differences(after, {}) == [("polygons", "train", None, 0, 1, 0)]
    assert differences({}, {}) == []

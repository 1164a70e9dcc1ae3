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


WHOLE = {"image_id": None, "item_no": None, "rule": "unreadable"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "before", "after", "found"),
    [
        # Landmarks take the category of their item.
        (
            "landmarks",
            [LANDMARK],
            [LANDMARK | {"x": 3.0}, LANDMARK | {"landmark_no": 2, "x": None}],
            ("skirt", 1, 0, 1),
        ),
        # A value that becomes null is a change.
        ("images", [{"width": 5}], [{"width": None}], (None, 0, 0, 1)),
        # Rejections without an item are matched.
        ("rejections", [WHOLE], [WHOLE, WHOLE | {"item_no": 2, "rule": "odd"}], (None, 1, 0, 0)),
        # A table that exists in one state only.
        ("polygons", [], [{"polygon_no": 1}], (None, 1, 0, 0)),
        ("polygons", [{"polygon_no": 1}], [], (None, 0, 1, 0)),
    ],
)
def test_rows_are_matched_by_key(tmp_path, table, before, after, found):
    items = [garment(1, 1)] if table == "landmarks" else []
    first, second = (
        write_files(tmp_path / name, items=items, **{table: rows})
        for name, rows in (("before", before), ("after", after))
    )
    assert differences(first, second) == [(table, "train", *found)]
    assert differences(first, first) == []

"""Columns that differ between the files of a part, found in their bytes."""

import pytest
from builders import rows

from flows.lake import table_file
from flows.lake.column_changes import changed_columns
from flows.lake.plan import Part
from flows.lake.write import write_part
from schemas import TABLES


def placed(folder, **tables):
    """The files of one part with these rows, and where they are."""
    folder.mkdir()
    given = {name: rows(name, *data) for name, data in tables.items()}
    part = Part("deepfashion2", "train", 0, "", rows=1, file=folder, batch=0)
    records = write_part(folder, part, [given])
    return [(record, folder / record.path) for record in records]


POLYGON = {
    "dataset": "deepfashion2",
    "split": "train",
    "image_id": 1,
    "points": [1.0, 0.0, 3.0, 4.0],
}


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        ({}, set()),
        ({"points": [1.0, 0.0, 3.0, 5.0]}, {"points"}),
        ({"points": [1.0, -0.0, 3.0, 4.0]}, {"points"}),
        ({"points": [1.0, 0.0]}, {"points"}),
        ({"area": 2.5, "closed": False}, {"area", "closed"}),
        ({"polygon_no": 2}, {"polygon_no"}),
    ],
)
def test_a_change_of_values_is_one_of_their_columns(values, columns, tmp_path):
    before = placed(tmp_path / "before", polygons=[POLYGON])
    after = placed(tmp_path / "after", polygons=[POLYGON | values])
    assert changed_columns(before, after).get("polygons", set()) == columns


def test_rows_that_come_or_go_change_all_columns(tmp_path):
    before = placed(tmp_path / "before", images=[{"image_id": 1}])
    more = placed(tmp_path / "more", images=[{"image_id": 1}, {"image_id": 1}])
    every = {"images": {*TABLES["images"].schema.names}}
    assert changed_columns(before, more) == changed_columns(more, before) == every
    assert changed_columns([], more).keys() == {record.table for record, _ in more}


def test_a_value_of_a_later_row_group_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(table_file.ROW_GROUP, "images", 2)
    images = [{"image_id": number, "pair_id": 1} for number in range(5)]
    before = placed(tmp_path / "before", images=images)
    after = placed(tmp_path / "after", images=[*images[:4], images[4] | {"pair_id": 2}])
    assert changed_columns(before, after) == {"images": {"pair_id"}}

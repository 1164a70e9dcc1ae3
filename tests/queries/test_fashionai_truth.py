"""The 31,631 real rows of FashionAI's training set, asked through sql/."""

from collections import Counter

import pytest
from fashionai_rows import OWN
from releases import answers, write_files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(real_data, tmp_path_factory, fashionai_tables):
    csv = (real_data / "fashionai/train/Annotations/train.csv").read_bytes()
    return write_files(tmp_path_factory.mktemp("fashionai"), **fashionai_tables(csv))


def test_split_totals_and_categories_are_those_that_were_counted(files):
    (totals,) = answers(files, "split_totals")
    assert (totals["images"], totals["items"]) == (31_631, 31_631)
    assert totals["landmarks_labelled"] == 250_762 + 47_617
    by_category = {r["category_name"]: r["items"] for r in answers(files, "items_by_category")}
    assert by_category == {
        "blouse": 7158, "outwear": 5596, "dress": 4912, "skirt": 7618, "trousers": 6347
    }  # fmt: skip


def test_visibility_by_key_point_adds_up_to_the_file(files):
    rows = answers(files, "landmark_visibility")
    total = Counter[str]()
    for row in rows:
        total.update({word: row[word] for word in ("visible", "occluded", "unlabelled")})
    # Absent in the file's 24 columns: the category's own, and those that other categories have.
    items = {row["category_name"]: row["items"] for row in rows}
    foreign = sum((24 - len(own)) * items[name] for name, own in OWN.items())
    assert (total["visible"], total["occluded"]) == (250_762, 47_617)
    assert total["unlabelled"] + foreign == 460_765
    assert {row["landmark_name"] for row in rows if row["category_name"] == "skirt"} == {
        "waistband_left", "waistband_right", "hemline_left", "hemline_right"
    }  # fmt: skip


def test_normaliser_points_are_absent_where_they_were_counted(files):
    rows = answers(files, "normaliser_lengths")
    assert sum(row["one_end_absent"] + row["both_ends_absent"] for row in rows) == 136
    assert sum(row["crossed"] for row in rows) == 7
    assert sum(row["items"] for row in rows) == 31_631


def test_a_whole_download_is_complete(files):
    (row,) = [r for r in answers(files, "published_totals") if r["split"] == "train"]
    assert row["meaning"] == "complete"

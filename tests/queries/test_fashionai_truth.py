"""The 31,631 real rows of FashionAI's training set, asked through sql/."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from decoded_sources import decode_source
from releases import answers, write_files

from flows.decode.fashionai import FASHIONAI
from flows.flatten import flatten
from schemas import TABLES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(real_data, tmp_path_factory):
    name = "train/Annotations/train.csv"
    source = decode_source(FASHIONAI, {name: (real_data / "fashionai" / name).read_bytes()})
    folder = tmp_path_factory.mktemp("fashionai")
    files = write_files(folder)
    parts = [flatten(part.annotations) for part in source.parts]
    for table in ("images", "items", "landmarks", "polygons"):
        rows = pa.Table.from_batches([part[table] for part in parts])
        path = folder / table / "dataset=fashionai" / "split=train" / "part-00000.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(rows.select(TABLES[table].file_schema.names), path)
        files[table] = [path]
    return files


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
    own = {"blouse": 13, "outwear": 14, "dress": 15, "skirt": 4, "trousers": 7}
    items = {row["category_name"]: row["items"] for row in rows}
    foreign = sum((24 - own[name]) * items[name] for name in own)
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

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import rows
from lake_runs import fill, numbers, source


def test_derived_tables_have_a_file_for_every_split_and_their_rows_in_their_own(lake):
    pairs = rows(
        "pairs",
        {"split": "train", "pair_kind": "positive", "user_image_id": 1},
        {"split": "validation", "pair_kind": "positive", "user_image_id": 2},
        {"split": "validation", "pair_kind": "positive", "user_image_id": 3},
    )
    counts = {}
    with lake.writing() as staging:
        for split in ("train", "validation", "test"):
            fill(staging, source(numbers(1, 5), split))
        staging.write_table("pairs", pairs.to_reader(max_chunksize=2))
        release = staging.publish()
    for path in release.files("pairs"):
        counts[path.parent.name] = pq.ParquetFile(path).metadata.num_rows
    assert counts == {"split=train": 1, "split=validation": 2, "split=test": 0}


def test_derived_rows_that_are_not_sorted_by_split_are_refused(lake):
    mixed = rows("pairs", {"split": "train"}, {"split": "test"}, {"split": "train"})
    with lake.writing() as staging, pytest.raises(ValueError, match="not sorted"):
        staging.write_table("pairs", mixed.to_reader(max_chunksize=1))


def test_derived_rows_that_come_at_once_are_grouped_by_split_in_their_order(lake):
    mixed = rows(
        "pairs", *[{"split": s, "user_image_id": n} for n, s in enumerate(["b", "a", "b"])]
    )
    with lake.writing() as staging:
        records = staging.write_table("pairs", mixed)
        assert [record.path.split("/")[2] for record in records] == ["split=b", "split=a"]
        table = pq.read_table(staging.folder / records[0].path, partitioning=None)
        assert table["user_image_id"].to_pylist() == [0, 2]


def test_a_derived_table_must_be_declared_or_a_statistic(lake):
    with lake.writing() as staging:
        with pytest.raises(ValueError, match="neither a declared table nor"):
            staging.write_table("other", pa.table({"a": [1]}))
        text = pa.table({"a": pa.array(["x"], pa.large_string()), "n": [1]})
        staging.write_table("statistics/some", text)
        (path,) = staging.files("statistics/some")
        assert pq.ParquetFile(path).schema_arrow.field("a").type == pa.string()

from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from builders import rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lake_runs import a_part, part_tables

from flows.lake import write_part
from flows.lake.table_file import ROW_GROUP
from flows.lake.write import MAIN_TABLES
from schemas import TABLES
from schemas.table import SCHEMA_VERSION


def items(*image_ids: int) -> pa.Table:
    return rows("items", *[{"image_id": i, "item_no": 1, "x1": i / 3} for i in image_ids])


def hashes(folder: Path, part, tables) -> dict[str, str]:
    return {record.table: record.sha256 for record in write_part(folder, part, [tables])}


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 9)), st.lists(st.integers(0, 8), max_size=3))
def test_the_same_rows_make_the_same_bytes_in_any_order_and_any_chunks(tmp_path, order, cuts):
    whole = items(*order)
    edges = [0, *sorted(cuts), 8]
    pieces = [whole.slice(a, b - a) for a, b in pairwise(edges)]

    once = hashes(tmp_path, a_part(1), {"items": items(*range(1, 9))})
    again = hashes(tmp_path, a_part(1), {"items": pa.concat_tables(pieces)})

    assert once == again


def test_rows_are_sorted_by_all_columns_of_their_key(tmp_path):
    keys = [(2, 3), (1, 2), (2, 1), (1, 1), (2, 2)]
    table = rows("items", *({"image_id": image, "item_no": item} for image, item in keys))
    write_part(tmp_path, a_part(1), [{"items": table}])
    path = tmp_path / "items/dataset=deepfashion2/split=train/part-00000.parquet"
    written = pq.read_table(path, partitioning=None)
    pairs = zip(written["image_id"].to_pylist(), written["item_no"].to_pylist(), strict=True)
    assert list(pairs) == sorted(keys)


def test_a_reader_is_written_in_the_same_bytes_as_a_table_however_it_is_cut(tmp_path):
    count = ROW_GROUP["pictures"] + 7
    whole = rows(
        "pictures",
        *[{"image_id": i, "image": {"bytes": b"x" * i, "path": "1.png"}} for i in range(count)],
    )
    reader = pa.RecordBatchReader.from_batches(whole.schema, whole.to_batches(max_chunksize=3))

    once = hashes(tmp_path, a_part(1), {"pictures": whole})
    again = hashes(tmp_path, a_part(1), {"pictures": reader})

    assert once == again
    path = tmp_path / "pictures/dataset=deepfashion2/split=train/part-00000.parquet"
    assert pq.ParquetFile(path).metadata.num_row_groups == 2
    assert pq.read_table(path, partitioning=None)["image"].to_pylist() == whole["image"].to_pylist()


def test_records_say_what_is_in_the_files(tmp_path):
    for record in write_part(tmp_path, a_part(1, 2), [part_tables(a_part(1, 2))]):
        file = tmp_path / record.path
        assert file.stat().st_size == record.bytes
        assert pq.ParquetFile(file).metadata.num_rows == record.rows
        assert record.part == "deepfashion2/train/00000"
    assert not list(tmp_path.rglob(".*"))


def test_every_main_table_has_a_file_even_without_rows(tmp_path):
    records = write_part(tmp_path, a_part(1), [{}])
    assert {record.table: record.rows for record in records} == dict.fromkeys(MAIN_TABLES, 0)


def test_a_file_alone_says_whose_it_is_and_what_its_columns_mean(tmp_path):
    write_part(tmp_path, a_part(1, split="test"), [{}])
    path = tmp_path / "items/dataset=deepfashion2/split=test/part-00000.parquet"
    schema = pq.ParquetFile(path).schema_arrow
    assert {key: value for key, value in schema.metadata.items() if key != b"ARROW:schema"} == {
        b"dataset": b"deepfashion2",
        b"split": b"test",
        b"table": b"items",
        b"schema_version": str(SCHEMA_VERSION).encode(),
    }
    assert schema.equals(TABLES["items"].file_schema, check_metadata=False)
    assert schema.field("x1").metadata[b"unit"] == b"px"
    assert schema.field("style").metadata[b"doc"].startswith(b"Variant within the pair_id")


def test_sorting_and_row_groups_are_declared_in_the_footer(tmp_path):
    write_part(tmp_path, a_part(1), [{"items": items(3, 1, 2)}])
    path = tmp_path / "items/dataset=deepfashion2/split=train/part-00000.parquet"
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert [column.column_index for column in group.sorting_columns] == [0, 1]
    assert group.column(0).has_offset_index
    assert pq.read_table(path, partitioning=None)["image_id"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (rows("items", {"split": "test"}), "rows with split"),
        (rows("items", {"dataset": "fashionai"}), "rows with dataset"),
        (rows("items", {}).drop_columns("x1"), "lacks the columns"),
        (
            rows("items", {}).cast(
                pa.schema([field.with_nullable(True) for field in TABLES["items"].schema])
            ).set_column(3, "item_no", pa.nulls(1, pa.int16())),
            "column item_no has 1 nulls",
        ),
    ],
)  # fmt: skip
def test_rows_that_do_not_belong_are_refused(tmp_path, table, what):
    with pytest.raises(ValueError, match=what):
        write_part(tmp_path, a_part(1), [{"items": table}])
    assert not list(tmp_path.rglob("*items*.parquet*"))


def test_a_word_that_would_leave_the_folder_is_no_partition(tmp_path):
    with pytest.raises(ValueError, match="cannot name a partition"):
        write_part(tmp_path, a_part(1, split="../train"), [{}])


def test_polars_arrow_and_duckdb_read_a_folder_of_parts_alike(tmp_path):
    for number, split in ((0, "train"), (1, "train"), (0, "test")):
        part = a_part(number * 10 + 1, number * 10 + 2, split=split)
        write_part(tmp_path, part, [part_tables(part) if split == "train" else {}])
    folder = tmp_path / "items"
    expected = {"deepfashion2"}, {"train"}, 4

    for table in (
        pq.read_table(folder),
        ds.dataset(folder, partitioning="hive").to_table(),
        pl.scan_parquet(folder, hive_partitioning=True).collect().to_arrow(),
        duckdb.sql(f"from read_parquet('{folder}/*/*/*.parquet')").to_arrow_table(),
    ):
        partitions = table.select(["dataset", "split"]).to_pydict()
        assert (set(partitions["dataset"]), set(partitions["split"]), table.num_rows) == expected
        assert set(table.column_names) == set(TABLES["items"].schema.names)


def test_a_worker_that_outlived_its_run_makes_no_folder_again(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_part(tmp_path / "removed", a_part(1), [{}])
    assert not (tmp_path / "removed").exists()

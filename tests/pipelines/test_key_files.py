"""Files of keys: CSV and Parquet, and the sentences about other files."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.pipelines.key_files import keys_hash, read_keys
from schemas.errors import InputError

ROWS = [("deepfashion2", "train", 3), ("deepfashion2", "train", 1), ("fashionai", "test_a", 9)]


def test_both_formats_give_the_same_keys_in_order_without_duplicates(tmp_path):
    lines = ["split,image_id,dataset", *(f'{b},{c},"{a}"' for a, b, c in [*ROWS, ROWS[0]])]
    (tmp_path / "a.csv").write_text("\ufeff" + "\r\n".join(lines))
    columns = dict(zip(("dataset", "split", "image_id"), zip(*ROWS, strict=True), strict=True))
    table = pa.table({**columns, "image_id": pa.array(columns["image_id"], pa.uint16())})
    table = table.set_column(0, "dataset", table["dataset"].dictionary_encode())
    pq.write_table(table, tmp_path / "keys")
    read = [read_keys(tmp_path / name) for name in ("a.csv", "keys")]
    assert read[0] == read[1] and keys_hash(read[0]) == keys_hash(read[1])
    assert [tuple(row.values()) for row in read[0].to_pylist()] == sorted(ROWS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("dataset,split\n", "no column 'image_id': expected dataset, split, image_id, and"),
        ("dataset,split,image_id,item_nr\n", "unknown column 'item_nr'"),
        ("dataset,split,image_id,image_id\n", "two columns for 'image_id'"),
        ("dataset,split,image_id\na,b\n", "row 1: 2 cells instead of 3"),
        ("dataset,split,image_id\ndeepfashion2,train,1\ndeepfashion2,train,x\n", "row 2: image_id"),
        ("dataset,split,image_id\ndeepfashion2,train,-1\n", "row 1: image_id: '-1' is not a whole"),
        ("dataset,split,image_id\ndeepfashion2,train,1.0\n", "row 1: image_id: '1.0' is not"),
        ("dataset,split,image_id\ndeepfashion,train,1\n", "row 1: dataset: 'deepfashion' is not"),
        ("dataset,split,image_id\ndeepfashion2,val,1\n", "row 1: split: 'val' is not one of train"),
        (
            "dataset,split,image_id,item_no\ndeepfashion2,train,1,70000\n",
            "row 1: item_no: 70000 is",
        ),
        ('dataset,split,image_id\n"deepfashion2', "line 2: not CSV"),
        ("dataset,split,image_id\n\0", "row 1: 1 cells"),
    ],
)
def test_another_csv_file_is_refused_with_row_and_field(tmp_path, text, says):
    path = tmp_path / "keys.csv"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_keys(path)
    assert says in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"image_id": [1.0]}, "image_id is of type double: expected whole numbers"),
        ({"dataset": [1]}, "dataset is of type int64: expected text"),
        ({"split": ["train", None], "image_id": [1, 2]}, "row 2: split: None is not one of"),
        ({"image_id": pa.array([2**63], pa.uint64())}, "row 1: image_id: 9223372036854775808 is"),
        ({"item_no": [None]}, "item_no is of type null"),
        ({"style": [1]}, "unknown column 'style'"),
    ],
)
def test_another_parquet_file_is_refused_with_row_and_field(tmp_path, columns, says):
    count = max(len(values) for values in columns.values())
    keys = {"dataset": ["deepfashion2"], "split": ["train"], "image_id": [1]}
    rows = {name: values * count for name, values in keys.items()} | columns
    pq.write_table(pa.table(rows), tmp_path / "keys.parquet")
    with pytest.raises(InputError) as refused:
        read_keys(tmp_path / "keys.parquet")
    assert says in str(refused.value)


def test_a_missing_or_damaged_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_keys(tmp_path / "keys.csv")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_keys(tmp_path)
    (tmp_path / "keys.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(InputError, match="is not a whole Parquet file"):
        read_keys(tmp_path / "keys.parquet")
    (tmp_path / "keys.csv").write_bytes(b"dataset,split,image_id\n\xff,train,1\n")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_keys(tmp_path / "keys.csv")

"""Requests and bytes of reads from an object store: a footer once, then the columns asked for."""

import io
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.release import arrow_input
from flows.release.file_system import ReleaseFiles
from flows.release.release_file import ReleaseFile
from flows.storage.objects import ObjectPath
from flows.storage.place import TAIL
from flows.warehouse import open_read_only, open_warehouse
from schemas import TABLES

GROUPS, ROWS, PER_IMAGE = 144, 500, 20


@pytest.fixture(scope="module")
def landmarks() -> bytes:
    """A file of landmarks with many row groups, 20 of them of each image."""
    count = GROUPS * ROWS
    draws = np.random.default_rng(0)
    columns = {}
    for field in TABLES["landmarks"].file_schema:
        if field.name == "image_id":
            values = pa.array(np.arange(count) // PER_IMAGE)
        elif field.name == "x":
            values = pa.array(np.arange(count, dtype=float))
        elif pa.types.is_floating(field.type):
            values = pa.array(draws.random(count))
        elif pa.types.is_integer(field.type):
            values = pa.array(np.arange(count) % PER_IMAGE)
        else:
            values = pa.array(["visible", "occluded"] * (count // 2))
        columns[field.name] = values.cast(field.type)
    sink = io.BytesIO()
    table = pa.table(columns, schema=TABLES["landmarks"].file_schema)
    pq.write_table(table, sink, row_group_size=ROWS, compression="zstd", write_page_index=True)
    return sink.getvalue()


@pytest.fixture
def files(stub, landmarks) -> dict[str, list[ObjectPath]]:
    """The file in the stub."""
    path = ObjectPath(
        "bucket", "landmarks/dataset=deepfashion2/split=train/part-00000.parquet", len(landmarks)
    )
    stub.write(path.key, landmarks)
    return {"landmarks": [path]}


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("open_files", [open_warehouse, open_read_only])
def test_two_columns_of_an_image_are_two_requests(files, stub, landmarks, threads, open_files):
    with open_files(files, threads=threads) as con:
        opened = dict(stub.requests)
        rows = con.sql("select x, y from landmarks where image_id = 1000 order by x").fetchall()
        assert [x for x, _ in rows] == list(range(20_000, 20_020))
        assert opened == {"GET": 1} and dict(stub.requests) == {"GET": 2}
        assert stub.sent < TAIL + len(landmarks) // 50
        total = con.sql("select sum(x)::bigint, count(y) from landmarks").fetchall()
        assert total == [(sum(range(GROUPS * ROWS)), GROUPS * ROWS)]


def test_footers_are_kept_for_files_that_are_opened_again(files, stub, landmarks, monkeypatch):
    (path,) = files["landmarks"]
    other = ObjectPath("bucket", "other", len(landmarks))
    stub.write(other.key, landmarks)

    def ends() -> int:
        stub.reset()
        system = ReleaseFiles({"a": path, "b": other})
        for name in "abab":
            with closing(system.open(name)) as file:
                file.seek(-4, 2)
                assert file.read() == b"PAR1"
        return stub.requests["GET"]

    assert ends() == 2
    monkeypatch.setattr("flows.storage.place.KEPT_TAILS", 1)
    assert ends() == 4


def test_arrow_reads_ranges(files, stub, landmarks):
    (path,) = files["landmarks"]
    with pq.ParquetFile(arrow_input(path)) as parquet:
        table = parquet.read_row_group(40, columns=["x"])
    assert table["x"][0].as_py() == 40 * ROWS
    assert stub.requests["GET"] == 2 and stub.sent < TAIL + len(landmarks) // 50
    assert pq.read_table(arrow_input(path)).equals(pq.read_table(io.BytesIO(landmarks)))


def test_reads_at_any_place(files, landmarks):
    (path,) = files["landmarks"]
    file = ReleaseFile("landmarks", path)
    for start, size in ((0, 4), (len(landmarks) - 8, 8), (len(landmarks) - TAIL - 5, 10)):
        file.seek(start)
        assert file.read(size) == landmarks[start : start + size]
    file.seek(len(landmarks) - 3)
    assert file.read(100) == landmarks[-3:] and file.read(1) == b""
    file.seek(-5, 2)
    assert file.read() == landmarks[-5:]
    file.seek(len(landmarks) - TAIL - 5)
    assert file.read(10) == landmarks[len(landmarks) - TAIL - 5 :][:10]
    file.close()
    file.close()
    with pytest.raises(FileNotFoundError):
        ReleaseFile("absent", ObjectPath("bucket", "absent"))
    short = ReleaseFile("short", ObjectPath("bucket", path.key, len(landmarks) + 10))
    short.seek(len(landmarks) + 5)
    assert short.read(5) == b""

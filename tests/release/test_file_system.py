"""`release://` has the files of a release and no others, reads in many threads, writes nothing."""

import errno
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.release.file_system import ReleaseFiles

TIME = datetime(2026, 11, 21, 3, 15, tzinfo=UTC)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "a").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "b").write_bytes(b"b")
    return ReleaseFiles({"items/a": tmp_path / "a", "b": tmp_path / "b"}, TIME)


def test_the_names_of_the_mapping_exist_and_no_others(files, tmp_path):
    assert files.ls("", detail=False) == ["b", "items"]
    assert files.find("") == ["b", "items/a"]
    assert files.glob("release://items/*") == ["items/a"]
    assert files.size("release://items/a") == 10_240
    assert files.modified("release://b") == files.created("b") == TIME
    for name in ("secret", "../secret", "items/../secret", "items/../b", str(tmp_path / "secret")):
        assert not files.exists(f"release://{name}")
        for use in (files.open, files.modified, files.info, files.ls, files.cat_file):
            with pytest.raises(FileNotFoundError):
                use(f"release://{name}")


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b", "xb", "w", "rb+"])
def test_a_file_cannot_be_opened_for_writing(files, mode):
    for name in ("b", "new"):
        with pytest.raises(OSError) as caught:
            files.open(f"release://{name}", mode)
        assert caught.value.errno == errno.EROFS


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.rm("b"),
        lambda files: files.rm_file("b"),
        lambda files: files.rm("items", recursive=True),
        lambda files: files.mv("b", "c"),
        lambda files: files.copy("b", "c"),
        lambda files: files.cp_file("b", "c"),
        lambda files: files.mkdir("new"),
        lambda files: files.makedirs("new"),
        lambda files: files.rmdir("items"),
        lambda files: files.touch("b"),
        lambda files: files.pipe("b", b"x"),
        lambda files: files.pipe_file("b", b"x"),
        lambda files: files.put_file("/etc/hostname", "b"),
        lambda files: files.write_text("b", "x"),
    ],
)
def test_no_operation_changes_a_file(files, change, tmp_path):
    with pytest.raises(OSError) as caught:
        change(files)
    assert caught.value.errno == errno.EROFS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "secret"]
    assert (tmp_path / "b").read_bytes() == b"b"


def test_a_handle_has_a_position_for_each_thread(files):
    handle = files.open("items/a")

    def read(number):
        for step in range(200):
            place = (number * 977 + step * 31) % 10_000
            assert handle.seek(place) == handle.tell() == place
            data = handle.read(100)
            assert data == bytes((place + k) % 256 for k in range(100))
            assert handle.tell() == place + 100

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(8)))
    assert handle.seek(-3, 2) == 10_237 and handle.read() == b"\xfd\xfe\xff"
    assert handle.seek(-2, 1) == 10_238 and handle.read(100) == b"\xfe\xff"
    handle.close()
    handle.close()


@pytest.mark.slow
def test_duckdb_reads_the_same_as_natively_with_eight_threads_50_times(tmp_path):
    numbers = np.random.default_rng(7)
    rows = pa.table({"a": numbers.integers(0, 1000, 80_000), "b": numbers.random(80_000)})
    path = tmp_path / "rows.parquet"
    pq.write_table(rows, path, row_group_size=2_000)
    assert pq.read_metadata(path).num_row_groups == 40
    text = "select count(*), sum(a), sum(a * a), max(b), bit_xor(hash(a, b)) from '{}'"
    expected = duckdb.sql(text.format(path)).fetchall()
    for _ in range(50):
        # Without its cache, DuckDB reads the file each time.
        settings = {"threads": "8", "enable_external_file_cache": "false"}
        with duckdb.connect(config=settings) as con:
            con.register_filesystem(ReleaseFiles({"rows.parquet": path}))
            assert con.sql(text.format("release://rows.parquet")).fetchall() == expected

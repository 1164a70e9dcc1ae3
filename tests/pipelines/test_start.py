"""What a command loads before it works: no library and no process that it does not need."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from command_line import wardrobe

from flows.pipelines import parts
from flows.runners import local, local_runner

HEAVY = {
    "pyarrow",
    "pyarrow.compute",
    "numpy",
    "polars",
    "duckdb",
    "fsspec",
    "PIL",
    "cryptography",
    "prefect",
    "rich",
}
"""Libraries that take 0.02 to 2 CPU seconds to import."""

LOADED = """
import sys
from flows.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def heavy_imports(*words: object) -> set[str]:
    """Those of HEAVY that a command imported."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, words)], capture_output=True, text=True, check=True
    )
    return HEAVY & set(done.stderr.split())


@pytest.mark.slow
def test_help_imports_no_heavy_library():
    assert heavy_imports("--help") == set()


@pytest.mark.slow
def test_tables_needs_neither_an_engine_nor_polars(lake):
    assert heavy_imports("tables", "--lake", lake) == {"pyarrow", "numpy", "rich"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["path", "releases", "status"])
def test_commands_on_releases_need_no_engine(lake, command):
    assert not heavy_imports(command, "--lake", lake) & {"duckdb", "fsspec", "polars"}


@pytest.mark.slow
def test_sql_and_ingest_import_what_they_run(lake, sources, tmp_path):
    engine = {"pyarrow", "numpy", "rich", "duckdb", "fsspec"}
    assert heavy_imports("sql", "select 1", "--lake", lake) == engine
    source = ("fashion-mnist", sources / "fashion-mnist", "--lake", tmp_path / "lake")
    assert not heavy_imports("ingest", *source) & {"polars", "prefect"}


@pytest.mark.slow
def test_a_small_source_starts_no_process_and_a_larger_one_does(sources, tmp_path, monkeypatch):
    class Started(Exception):
        pass

    def pool(workers):
        raise Started

    monkeypatch.setattr(local, "worker_pool", pool)
    words = ("ingest", "deepfashion2", sources / "deepfashion2", "--workers", 2, "--lake")
    done = wardrobe(*words, tmp_path / "small", PREFECT_API_URL="")
    assert done.stdout.startswith("published ")
    small, large = jobs(2_000, 2_000), jobs(2_000, 2_001)
    assert list(local_runner(2, parts.is_small)(str, small)) == list(map(str, small))
    with pytest.raises(Started):
        list(local_runner(2, parts.is_small)(str, large))
    assert parts.is_small(large[:1])
    assert parts.is_small(jobs(100, 100, reads_pictures=True))
    assert not parts.is_small(jobs(100, 101, reads_pictures=True))


def jobs(*rows: int, reads_pictures: bool = False) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(part=SimpleNamespace(rows=n), reads_pictures=reads_pictures) for n in rows
    ]

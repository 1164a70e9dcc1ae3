"""Readers need nothing that only Linux has; writers say in one sentence what is missing."""

import shutil

import pytest
from ingesting import ingest_three
from other_systems import MACOS, WINDOWS, run_on
from releases import built_once

pytestmark = pytest.mark.slow

COMMAND = """
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

def wardrobe(*words):
    from flows.cli import main
    out, sys.argv = StringIO(), ["wardrobe", *map(str, words)]
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main()
        except SystemExit as end:
            return end.code or 0, out.getvalue()
"""

READ = """
from flows import open_release

lake = sys.argv[1]
release = open_release(lake)
items = release.arrow("items").num_rows
assert items == len(release.polars("items").collect())
assert items == release.duckdb().sql("select count(*) from items").fetchall()[0][0] > 0
for dataset, split in (("deepfashion2", "train"), ("fashion-mnist", "train")):
    feed = release.feed(dataset, split, size=32, cache="cache")
    assert feed[0]["image"].shape[:2] == (32, 32)
print(items)
"""

COMMANDS = """
os.environ["WARDROBE_LAKE"], split = sys.argv[1], ("deepfashion2", "train")
zipped = sys.argv[2]
for words in (
    ("sql", "select count(*) from landmarks"),
    ("query", "split_totals"),
    ("tables",),
    ("schema", "items"),
    ("verify",),
    ("releases",),
    ("show", *split, "1", "--output", "picture.png"),
    ("report", "--output", "report.html"),
    ("export", "coco", *split, "--output", "train.json"),
    ("export", "information", *split, "--output", "lists"),
    ("export", "training", *split, "--task", "landmarks", "--output", "shards", "--workers", "1"),
    ("export", "yolo", *split, "--output", "yolo"),
    ("export", "yolo", *split, "--output", "zipped", "--pictures-at", zipped),
):
    code, printed = wardrobe(*words)
    assert code == 0, (words, printed)
    print(words[0])
"""

WRITE = """
os.environ["WARDROBE_LAKE"] = "lake"
lake, source = sys.argv[1:]
for words in (
    ("ingest", "deepfashion2", source, "--workers", "1"),
    ("derive", "--lake", lake),
    ("rollback", "2", "--lake", lake),
    ("releases", "--keep", "1", "--lake", lake),
):
    code, printed = wardrobe(*words)
    assert code == 2 and printed.count("\\n") == 1, (words, printed)
    assert "writing needs the file locks of Linux or macOS" in printed, printed
assert not os.path.exists("lake")
code, printed = wardrobe("ingest", "deepfashion2", source, "--dry-run", "--workers", "1")
assert code == 0, printed
"""


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return built_once(tmp_path_factory, "three", ingest_three)


def zipped_source(three, tmp_path):
    (tmp_path / "zips").mkdir()
    source = three / "deepfashion2"
    for split in ("train", "validation"):
        shutil.make_archive(str(tmp_path / "zips" / split), "zip", source, split)
    return tmp_path / "zips"


@pytest.mark.parametrize("system", [WINDOWS, MACOS], ids=["windows", "macos"])
def test_tables_queries_and_feed_are_read(system, three, tmp_path):
    printed = run_on(system, READ, three / "lake", cwd=tmp_path)
    assert int(printed) > 0


def test_every_reading_command_runs(three, tmp_path):
    zips = zipped_source(three, tmp_path)
    printed = run_on(WINDOWS, COMMAND + COMMANDS, three / "lake", zips, cwd=tmp_path)
    assert len(printed.split()) == 13


def test_writers_say_what_is_missing_and_change_nothing(three, tmp_path):
    run_on(WINDOWS, COMMAND + WRITE, three / "lake", three / "deepfashion2", cwd=tmp_path)


def test_a_lake_is_written_on_macos(three, tmp_path):
    program = """
code, printed = wardrobe("ingest", "deepfashion2", sys.argv[1], "--lake", "lake", "--workers", "1")
assert code == 0, printed
"""
    run_on(MACOS, COMMAND + program, three / "deepfashion2", cwd=tmp_path)

"""`wardrobe export duckdb`: one file for any SQL client, whole or not at all."""

import shutil

import duckdb
import pytest
from command_line import is_one_sentence, wardrobe

from flows.lake import Lake

pytestmark = pytest.mark.slow


@pytest.fixture
def own(lake, tmp_path):
    """A copy of the lake."""
    shutil.copytree(lake, tmp_path / "lake", symlinks=True)
    return tmp_path / "lake"


def items_of(path):
    with duckdb.connect(path, read_only=True) as con:
        return con.sql("select count(*) from items_full").fetchall()[0][0]


def test_views_read_a_pinned_release_and_a_copy_needs_none(own, tmp_path):
    release = Lake(own).release()
    rows = sum(file.rows for file in release.manifest.of("items"))
    views, copy = tmp_path / "views.duckdb", tmp_path / "copy.duckdb"
    done = wardrobe("export", "duckdb", "-o", "views.duckdb", lake=own, cwd=tmp_path)
    assert done.stdout == f"views.duckdb: views over release {release.id}\n"
    done = wardrobe("export", "duckdb", "--output", copy, "--copy", lake=own)
    assert done.stdout == f"{copy}: copy of release {release.id}\n"
    assert items_of(views) == items_of(copy) == rows
    (own / "current").unlink()  # the views do not follow it
    assert items_of(views) == rows
    own.rename(tmp_path / "moved")
    assert items_of(copy) == rows
    with pytest.raises(duckdb.IOException):
        items_of(views)


def test_a_file_is_replaced_only_on_request_and_when_it_is_closed(own, tmp_path):
    target = tmp_path / "lake.duckdb"
    command = ("export", "duckdb", "--output", target)
    target.write_text("mine")
    done = wardrobe(*command, lake=own)
    assert is_one_sentence(done) and "--replace" in done.stderr
    log = tmp_path / "lake.duckdb.wal"
    log.touch()
    done = wardrobe(*command, "--replace", lake=own)
    assert is_one_sentence(done) and "open in another program" in done.stderr
    log.unlink()
    assert target.read_text() == "mine"
    assert wardrobe(*command, "--replace", lake=own).returncode == 0
    assert items_of(target) > 0
    done = wardrobe("export", "duckdb", "--output", tmp_path, "--replace", lake=own)
    assert is_one_sentence(done) and "is a folder" in done.stderr


@pytest.mark.parametrize("copy", [[], ["--copy"]])
def test_a_failure_leaves_the_old_file_and_nothing_else(copy, own, tmp_path):
    target = tmp_path / "lake.duckdb"
    target.write_text("old")
    damaged = Lake(own).release().files("polygons")[0]
    damaged.unlink()
    damaged.write_bytes(b"PAR1")
    done = wardrobe("export", "duckdb", "-o", target, "--replace", *copy, lake=own)
    assert is_one_sentence(done) and "polygons" in done.stderr
    assert target.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"lake", "lake.duckdb"}


@pytest.mark.parametrize("folder", ["a=b", "star*", "with [brackets]", "why?", "line\nbreak"])
def test_a_path_that_a_view_cannot_contain_needs_a_copy(folder, own, tmp_path):
    (tmp_path / folder).mkdir()
    moved = own.rename(tmp_path / folder / "lake")
    target = tmp_path / "it's a copy.duckdb"
    done = wardrobe("export", "duckdb", "--output", target, lake=moved)
    assert is_one_sentence(done) and "--copy" in done.stderr and not target.exists()
    done = wardrobe("export", "duckdb", "--output", target, "--copy", lake=moved)
    assert done.returncode == 0 and items_of(target) > 0


def test_a_quote_in_a_path_is_part_of_it(own, tmp_path):
    moved = own.rename(tmp_path / "it's größer")
    assert wardrobe("export", "duckdb", "-o", tmp_path / "a.duckdb", lake=moved).returncode == 0
    assert items_of(tmp_path / "a.duckdb") > 0

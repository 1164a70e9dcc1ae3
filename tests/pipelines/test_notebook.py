"""A release in a notebook: what each reader returns, what it shows, and what it refuses."""

import re
import shutil
import subprocess
import sys

import polars as pl
import pyarrow.compute as pc
import pytest
from ingesting import ingest_three
from releases import built_once, image, item, write_release

from flows import open_release
from schemas import TABLES
from schemas.errors import InputError


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A lake with one release of two images, below a folder whose name HTML must escape."""
    folder = tmp_path_factory.mktemp("a&b")
    path = write_release(folder, [image(1, item(1), item(8)), image(2, item(9))])
    (folder / "lake" / "current").symlink_to(path.relative_to(folder / "lake"))
    return folder / "lake"


def test_flows_imports_nothing_until_a_release_is_opened():
    code = "import sys, flows; print(sorted(set(sys.modules) & {'pyarrow', 'duckdb', 'schemas'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    import flows

    with pytest.raises(AttributeError, match="'flows' has no attribute 'open_lake'"):
        _ = flows.open_lake


@pytest.mark.slow
def test_arrow_polars_and_duckdb_return_the_same_rows_of_every_table(tmp_path_factory):
    release = open_release(built_once(tmp_path_factory, "three", ingest_three) / "lake")
    assert {"items", "triplets", "split_totals"} <= release.tables.keys()
    con = release.duckdb()
    for name, rows in release.tables.items():
        expected = con.sql(f"from {name}").to_arrow_table()
        arrow, frame = release.arrow(name), release.polars(name)
        assert isinstance(frame, pl.LazyFrame)
        assert rows == arrow.num_rows == expected.num_rows, name
        assert arrow.column_names == expected.column_names == frame.collect_schema().names(), name
        if name in TABLES:
            assert arrow.schema.equals(TABLES[name].schema), name
        key = list(TABLES[name].key) if name in TABLES else arrow.column_names
        expected = pl.from_arrow(expected).sort(key)
        for answer in (pl.from_arrow(arrow), frame.collect()):
            assert answer.cast(expected.schema).sort(key).equals(expected), name


def test_columns_and_rows_can_be_selected(small):
    rows = open_release(small).arrow("items", ["split", "item_no"], pc.field("image_id") == 1)
    assert rows.to_pylist() == [{"split": "train", "item_no": 1}, {"split": "train", "item_no": 2}]
    assert open_release(small).arrow("items").schema.field("x1").metadata[b"unit"] == b"px"
    assert open_release(small).polars("triplets").collect().is_empty()


def test_duckdb_joins_frames_of_the_notebook_and_its_views_cannot_write(small):
    release = open_release(small)
    before = {path: path.read_bytes() for path in release.path.rglob("*.parquet")}
    con = release.duckdb()
    weights = pl.DataFrame({"category_id": [1, 8, 9], "weight": [1, 10, 100]})
    query = "select sum(weight)::int from items join weights using (category_id)"
    assert con.sql(query).fetchall() == [(111,)], weights
    name = "release://items/dataset=deepfashion2/split=train/part-00000.parquet"
    assert con.sql(f"select count(*) from '{name}'").fetchall() == [(3,)]
    with pytest.raises(Exception, match="Read-only file system"):
        con.sql(f"copy (select 1 as x) to '{name}'")
    assert {path: path.read_bytes() for path in release.path.rglob("*.parquet")} == before


def test_the_release_stays_what_it_was_when_another_is_published(small, tmp_path):
    lake = tmp_path / "lake"
    shutil.copytree(small, lake, symlinks=True)
    release = open_release(lake)
    newer = write_release(tmp_path, [image(3, item(1))], name="20261122T031500Z-00000002")
    (lake / "current").unlink()
    (lake / "current").symlink_to(newer.relative_to(lake))
    assert release.arrow("images")["image_id"].to_pylist() == [1, 2]
    assert open_release(lake).arrow("images")["image_id"].to_pylist() == [3]
    assert open_release(lake, "20261121").id == release.id


def test_the_default_is_the_lake_of_the_command_line(small, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_LAKE", str(small))
    assert open_release().tables["items"] == 3
    monkeypatch.delenv("WARDROBE_LAKE")
    monkeypatch.chdir(small.parent)
    assert open_release().tables["items"] == 3


def test_it_feeds_training_samples(small, tmp_path):
    feed = open_release(small).feed("deepfashion2", "train", size=32, cache=tmp_path)
    assert len(feed) == 2 and feed[0]["image"].shape == (32, 32, 3)


def test_a_notebook_shows_the_tables_with_rows_and_meaning(small):
    release = open_release(small)
    html = release._repr_html_()
    shown = re.findall(r"<td>(\w+)</td><td[^>]*>([\d,]+)</td><td[^>]*>([^<]+)</td>", html)
    assert [(name, int(rows)) for name, rows, _ in shown] == [
        (name, rows) for name, rows in release.tables.items() if rows
    ]
    assert "a&amp;b" in html and "a&b" not in html
    assert "items: 3 rows" in repr(release) and release.id in repr(release)


def test_wrong_names_get_one_sentence(small, tmp_path):
    release = open_release(small)
    for read in (release.arrow, release.polars):
        with pytest.raises(InputError, match=r"'item' is not a table .*: did you mean items\?"):
            read("item")
        with pytest.raises(InputError, match=r"a view, .* duckdb\(\).table\('items_full'\)"):
            read("items_full")
    assert release.duckdb().table("items_full").fetchall()
    with pytest.raises(InputError, match="is not a lake"):
        open_release(tmp_path)
    folder = tmp_path / "dataset=x"
    shutil.copytree(small, folder, symlinks=True)
    moved = open_release(folder)
    with pytest.raises(InputError, match=r"folder with = in its name .* use arrow\('items'\)"):
        moved.polars("items")
    assert set(moved.arrow("items")["dataset"].to_pylist()) == {"deepfashion2"}

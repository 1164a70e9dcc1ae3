"""Rows of a few images: those of the views, from the files of their parts only."""

import re

import pyarrow as pa
import pytest
from ingesting import ingested

from flows.lake import open_lake
from flows.warehouse import ImageRows, open_read_only
from schemas import TABLES

NAMES = ("images", "items", "landmarks", "polygons", "rejections")


@pytest.fixture(scope="module")
def release(lake):
    return open_lake(lake).release(None)


@pytest.mark.parametrize("table", NAMES)
def test_the_rows_are_those_of_the_view_of_the_table(release, table):
    con = open_read_only(release.tables())
    key = "dataset, split, image_id"
    images = con.sql(f"select {key} from images where image_id % 3 = 1 order by all").fetchall()
    rows = ImageRows(release.manifest)
    select = rows.select(table, [*images, ("deepfashion2", "train", 10**9)])
    expected = con.sql(
        f"select * from {table} semi join (select {key} from images where image_id % 3 = 1) "
        f"using ({key}) order by {', '.join(TABLES[table].key)}"
    ).to_arrow_table()
    assert {image[0] for image in images} == {"deepfashion2", "fashionai", "fashion-mnist"}
    if select is None:
        assert expected.num_rows == 0 and table == "rejections"
    else:
        read = con.sql(select).to_arrow_table()
        assert read.to_pylist() == expected.to_pylist()
        assert read.schema.types == [
            pa.string() if type_ == pa.large_string() else type_ for type_ in expected.schema.types
        ]


def test_a_select_names_only_the_files_of_the_parts_of_its_images(sources, tmp_path):
    import shutil

    source = shutil.copytree(sources / "deepfashion2", tmp_path / "source")
    for folder, suffix in (("annos", "json"), ("image", "jpg")):
        path = source / "train" / folder / f"000001.{suffix}"
        path.rename(path.with_stem("009000"))  # a number of the third part
    ingested("deepfashion2", source, tmp_path / "lake")
    release = open_lake(tmp_path / "lake").release(None)
    rows = ImageRows(release.manifest)

    def files(*numbers: int) -> list[str]:
        select = rows.select("items", [("deepfashion2", "train", number) for number in numbers])
        return re.findall(r"train/part-0*(\d+)[.]parquet", select or "")

    assert (files(2), files(9000), files(9000, 3, 2)) == (["0"], ["2"], ["0", "2"])
    assert rows.select("items", [("deepfashion2", "train", 5000)]) is None
    assert rows.select("items", []) is None


def test_a_release_of_no_such_split_has_no_rows(release):
    rows = ImageRows(release.manifest)
    for table in NAMES:
        assert rows.select(table, [("deepfashion2", "other", 1)]) is None

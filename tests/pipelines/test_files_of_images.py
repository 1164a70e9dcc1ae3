"""The files of a release that can have rows of an image."""

import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from image_files import require_rows_in_files

from flows.lake import Lake
from flows.pipelines.show import show_image
from flows.release.file_system import ReleaseFiles


def test_an_image_is_in_the_file_of_its_part(lake):
    release = Lake(lake).release()
    require_rows_in_files(release)
    assert len(release.files("items", "fashionai", "train")) > 10
    images = [("fashionai", "train", 1), ("fashionai", "train", 15 * 16**12)]
    tables, all_tables = release.tables(images), release.tables()
    assert [file.name for file in tables["items"]] == ["part-00000.parquet", "part-00015.parquet"]
    # A table that is not by image keeps its files.
    assert tables["rejections"] == all_tables["rejections"]
    assert "pairs" in tables
    assert release.files("items", "fashionai", "train", 2**62) == []


def test_show_opens_the_files_of_one_part(lake, tmp_path, monkeypatch):
    opened = set()
    open_file = ReleaseFiles.open
    monkeypatch.setattr(
        ReleaseFiles,
        "open",
        lambda files, path, *rest, **others: (
            opened.add(path) or open_file(files, path, *rest, **others)
        ),
    )
    release = Lake(lake).release()
    (file, *_) = release.files("items", "fashionai", "train")
    image_id = pq.read_table(file, partitioning=None)["image_id"][0].as_py()
    show_image(lake, None, "fashionai", "train", image_id, output=tmp_path / "one.png")
    names = {path.partition("/dataset=")[2] for path in opened}
    assert names == {f"fashionai/split=train/{file.name}"}


@pytest.mark.slow
def test_path_prints_the_file_of_an_image(lake):
    release = Lake(lake).release()
    split = ("fashionai", "train")
    assert wardrobe("path", lake=lake).stdout == f"{release.path}\n"
    printed = wardrobe("path", "items", lake=lake).stdout.splitlines()
    assert printed == [str(file) for file in release.files("items")]
    printed = wardrobe("path", "items", *split, 16**12, lake=lake).stdout.splitlines()
    assert printed == [str(file) for file in release.files("items", *split, 16**12)]
    for words, answer in (
        (("item",), "did you mean items?"),
        (("items", "fashionai"), "give a split of fashionai too"),
        (("items", "fashionai", "trian"), "did you mean train?"),
        (("categories", *split), "no file of categories for fashionai train alone"),
        (("items", *split, 2**62), f"has no image {2**62} of fashionai train"),
    ):
        refused = wardrobe("path", *words, lake=lake)
        assert is_one_sentence(refused)
        assert answer in refused.stderr

"""Training sets of a real release: what is in the rows, equal bytes, going on after a kill."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import items_of

from flows.exports.training.folder import STAGING
from flows.exports.training.options import TrainingOptions
from flows.pipelines.export_training import export_training
from schemas.errors import InputError
from schemas.vocabulary import SOURCES

pytestmark = pytest.mark.slow

DETECTION = TrainingOptions("detection")


def exported(release, folder, options=DETECTION, *, dataset="deepfashion2", split="train", **how):
    return export_training(
        release,
        dataset,
        split=split,
        output=folder,
        options=options,
        **({"run": map} | how),
    )


def rows_in(folder: Path, split: str = "train") -> list[dict]:
    paths = sorted((folder / "data").glob(f"{split}-*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def items_in(document: dict) -> list[tuple[int, dict]]:
    """The items of a document by number."""
    return sorted(items_of(document), key=lambda item: item[0])


def documents(sources: Path, split: str = "train") -> dict[int, dict]:
    paths = sorted((sources / "deepfashion2" / split / "annos").glob("*.json"))
    return {int(path.stem): json.loads(path.read_text()) for path in paths}


def test_whole_pictures_hold_the_sources_bytes_and_numbers(release, sources, tmp_path):
    exported(release, tmp_path, TrainingOptions("landmarks"))
    truth = documents(sources)
    rows = rows_in(tmp_path)
    assert [row["image_id"] for row in rows] == sorted(truth)
    for row in rows:
        name = f"{row['image_id']:06}.jpg"
        picture = (sources / "deepfashion2/train/image" / name).read_bytes()
        assert row["image"] == {"bytes": picture, "path": name}
        items = items_in(truth[row["image_id"]])
        assert row["item_nos"] == [number for number, _ in items]
        assert row["labels"] == [item["category_id"] - 1 for _, item in items]
        for k, (_, item) in enumerate(items):
            assert row["boxes"][k] == item["bounding_box"]
            assert np.ravel(row["landmarks"][k]).tolist() == item["landmarks"]


def test_polygons_shrink_with_the_picture(release, sources, tmp_path):
    exported(release, tmp_path, TrainingOptions("segmentation", size=100))
    truth = documents(sources)
    for row in rows_in(tmp_path):
        assert max(row["width"], row["height"]) == 100
        ((_, item), *_) = items_in(truth[row["image_id"]])
        outline = np.array(row["polygons"][0][0]).reshape(-1, 2)
        before = np.array(item["segmentation"][0]).reshape(-1, 2)
        spread = np.ptp(outline, axis=0) / np.ptp(before, axis=0)
        assert np.allclose(spread[0], spread[1], rtol=0.02)
        assert (outline >= 0).all() and (outline <= 100.001).all()


def test_items_are_cut_out_one_by_one_with_their_points(release, sources, tmp_path):
    exported(release, tmp_path, TrainingOptions("landmarks", crop_items=True))
    rows = rows_in(tmp_path)
    expected = [
        (number, item_no, item)
        for number, document in documents(sources).items()
        for item_no, item in items_in(document)
    ]
    assert [(row["image_id"], row["item_no"]) for row in rows] == [key[:2] for key in expected]
    for row, (_, _, item) in zip(rows, expected, strict=True):
        x1, y1, x2, y2 = item["bounding_box"]
        assert (row["width"], row["height"]) == (x2 - x1, y2 - y1)
        assert row["box"] == [0, 0, x2 - x1, y2 - y1]
        moved = np.array(item["landmarks"], float).reshape(-1, 3)
        moved[moved[:, 2] > 0] -= (x1, y1, 0)
        assert np.array(row["landmarks"]).tolist() == moved.tolist()


def test_an_identity_is_one_product_in_one_style(release, sources, tmp_path):
    exported(release, tmp_path, TrainingOptions("retrieval", size=64))
    rows = rows_in(tmp_path)
    groups = {}
    for row in rows:
        key = (row["pair_id"], row["style"]) if row["style"] else None
        groups.setdefault(row["identity"], set()).add(key)
        document = documents(sources)[row["image_id"]]
        assert (SOURCES[row["source"]], row["pair_id"]) == (document["source"], document["pair_id"])
    assert groups.pop(-1, {None}) == {None}
    assert all(len(keys) == 1 for keys in groups.values())
    assert sorted(groups) == list(range(len(groups)))


def test_rows_are_the_same_however_many_are_in_a_shard_or_read_together(
    release, tmp_path, monkeypatch
):
    options = TrainingOptions("segmentation", crop_items=True, size=32)
    whole = exported(release, tmp_path / "1", options)
    monkeypatch.setattr("flows.exports.training.shards.RUN", 4)
    cut = exported(release, tmp_path / "7", options, shards=7)
    assert (len(whole.shards), len(cut.shards)) == (1, 7)
    paths = sorted((tmp_path / "7/data").iterdir())
    images = [set(pq.read_table(path)["image_id"].to_pylist()) for path in paths]
    assert max(map(len, images)) - min(map(len, images)) <= 1
    assert len(set.union(*images)) == sum(map(len, images)), "an image is in one shard"
    assert rows_in(tmp_path / "7") == rows_in(tmp_path / "1")


def test_equal_exports_are_equal_byte_for_byte(release, tmp_path):
    options = TrainingOptions("detection", size=100, picture_format="webp")

    def backwards(build, jobs):
        return map(build, reversed(jobs))

    exported(release, tmp_path / "one", options, shards=3)
    exported(release, tmp_path / "two", options, shards=3, run=backwards)
    for path in sorted((tmp_path / "one").rglob("*.*")):
        assert (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes() == (
            path.read_bytes()
        )


def test_an_interrupted_export_goes_on_with_what_is_missing(release, tmp_path):
    def breaking(build, jobs):
        yield build(jobs[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exported(release, tmp_path, shards=3, run=breaking)
    assert not (tmp_path / "README.md").exists()
    staged = tmp_path / STAGING / "data"
    (staged / ".train-00001-of-00003.parquet.99-abc.partial").write_bytes(b"half")
    finished = (staged / "train-00000-of-00003.parquet").stat().st_mtime_ns
    assert list((tmp_path / "data").iterdir()) == []
    progress = []
    record = exported(
        release,
        tmp_path,
        shards=3,
        on_progress=lambda what, done, total: progress.append((what, done, total)),
    )
    assert (tmp_path / "data/train-00000-of-00003.parquet").stat().st_mtime_ns == finished
    assert len(record.shards) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "data"]
    assert progress[-1] == ("rows", record.rows, record.rows)


@pytest.mark.parametrize("name", ["mine.parquet", "train-00000-of-00001.parquet"])
@pytest.mark.parametrize("content", ["empty", "parquet"])
def test_files_of_other_programs_are_never_replaced(release, tmp_path, name, content):
    path = tmp_path / "data" / name
    path.parent.mkdir()
    path.write_bytes(b"")
    if content == "parquet":
        pq.write_table(pa.table({"mine": [1]}), path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"data/{name}, which is not a shard of an export"):
        exported(release, tmp_path, shards=1)
    assert path.read_bytes() == before


def test_what_cannot_be_made_is_refused_in_words(release, tmp_path):
    with pytest.raises(InputError, match="cut them out with --crop items"):
        exported(release, tmp_path, TrainingOptions("classification"))
    with pytest.raises(InputError, match="no annotations for the task retrieval"):
        exported(release, tmp_path, TrainingOptions("retrieval"), dataset="fashionai")
    with pytest.raises(InputError, match="images cannot be divided into 1,000 shards"):
        exported(release, tmp_path, shards=1000)
    with pytest.raises(InputError, match="no image of deepfashion2 test is annotated"):
        exported(release, tmp_path, split="test")


def test_a_source_that_is_gone_is_told_in_words(release, tmp_path):
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    with pytest.raises(InputError, match=r"the pictures cannot be read at .*nowhere"):
        exported(release, tmp_path / "out", pictures_at=str(nowhere))


def test_pictures_that_went_are_counted_and_many_of_them_are_too_many(release, sources, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(sources / "deepfashion2", moved)
    (moved / "train/image/000002.jpg").unlink()
    record = exported(release, tmp_path / "one", pictures_at=str(moved))
    assert record.left_out == {"the picture cannot be read": 1}
    assert record.rows == len(documents(sources)) - 1
    assert f"| train | {record.rows} | 1 | 1 |" in (tmp_path / "one/README.md").read_text()
    # The card of a later export of another split still counts it.
    exported(release, tmp_path / "one", split="validation", pictures_at=str(moved))
    assert f"| train | {record.rows} | 1 | 1 |" in (tmp_path / "one/README.md").read_text()
    (moved / "train/image/000001.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"2 of .* could not be made, the first for image 1: "):
        exported(release, tmp_path / "two", pictures_at=str(moved))
    # They come back: the same command makes it whole.
    record = exported(release, tmp_path / "two")
    assert record.left_out == {} and record.rows == len(documents(sources))


def test_row_groups_hold_about_a_hundred_rows_and_pictures_lie_bare(release, tmp_path):
    exported(
        release, tmp_path, TrainingOptions("classification"), dataset="fashion-mnist", shards=1
    )
    (path,) = (tmp_path / "data").iterdir()
    metadata = pq.read_metadata(path)
    assert metadata.row_group(0).num_rows == min(100, metadata.num_rows)
    column = metadata.row_group(0).column(0)
    assert (column.path_in_schema, column.compression) == ("image.bytes", "UNCOMPRESSED")
    assert not column.is_stats_set

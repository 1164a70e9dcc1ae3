"""Files of other formats in place of pictures, in report, show, training export and feed."""

import subprocess
from pathlib import Path

import pytest
from encoded_pictures import EPS, encoded
from ingesting import ingested
from PIL import Image

from flows.exports.training.options import TrainingOptions
from flows.feed import Feed
from flows.lake import Lake
from flows.pipelines.export_training import export_training
from flows.pipelines.report import make_report
from flows.pipelines.show import show_image
from flows.samples import write_deepfashion2
from schemas.errors import InputError

pytestmark = pytest.mark.slow

CONTENTS = {
    "000001.jpg": EPS,
    "000002.jpg": encoded("BLP", mode="P"),
    "000003.jpg": encoded("AVIF"),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    """A lake whose first pictures were exchanged for other files after they were ingested."""
    folder = tmp_path_factory.mktemp("exchanged")
    write_deepfashion2(folder / "source", images=12, seed=3)
    ingested("deepfashion2", folder / "source", folder / "lake")
    for name, data in CONTENTS.items():
        (folder / "source/train/image" / name).write_bytes(data)
    return folder / "lake"


@pytest.fixture(autouse=True)
def no_programs(monkeypatch):
    """Pillow's reader of EPS starts Ghostscript."""

    def refuse(command, *rest, **options):
        raise AssertionError(f"started {command}")

    monkeypatch.setattr(subprocess, "check_call", refuse)
    monkeypatch.setattr("PIL.EpsImagePlugin.has_ghostscript", lambda: True)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", "gs")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_show_draws_the_items_without_the_picture_and_says_why(lake, tmp_path, number):
    output = tmp_path / "shown.png"
    message = show_image(lake, None, "deepfashion2", "train", number, output=output)
    assert f"{number:06d}.jpg cannot be decoded: it is not one of JPEG, PNG" in message
    with Image.open(output) as drawn:
        assert drawn.format == "PNG"


def test_report_leaves_the_pictures_out_and_says_why(lake, tmp_path, monkeypatch):
    pages = []
    monkeypatch.setattr("flows.pipelines.report.altair", lambda: None)
    monkeypatch.setattr("flows.pipelines.report.write_report", lambda _, page: pages.append(page))
    reason = make_report(lake, None, output=tmp_path / "report.html")
    assert reason is not None and "cannot be decoded: it is not one of JPEG, PNG" in reason
    shown = [picture for sheet in (pages[0].samples, *pages[0].pairs) for picture in sheet]
    assert {picture.image_id for picture in shown if picture.picture is None} >= {1, 2, 3}


def test_a_report_compares_its_release_with_the_previous_one(tmp_path, monkeypatch):
    pages = []
    monkeypatch.setattr("flows.pipelines.report.altair", lambda: None)
    monkeypatch.setattr("flows.pipelines.report.write_report", lambda _, page: pages.append(page))
    source, lake = tmp_path / "source", tmp_path / "lake"
    write_deepfashion2(source, images=12, seed=3)
    first = ingested("deepfashion2", source, lake).release
    (source / "train/image/000001.jpg").unlink()
    ingested("deepfashion2", source, lake, allow_shrink=("train",))
    for release in (None, first):
        make_report(lake, release, output=tmp_path / "report.html")
    (Lake(lake)).delete(first)
    make_report(lake, None, output=tmp_path / "report.html")
    after, without_parent, deleted = pages
    (images,) = after.differences.to_pylist()
    assert (images["table"], images["split"], images["changed"]) == ("images", "train", 1)
    changed = {
        row["check"]: (row["before"], row["now"]) for row in after.check_differences.to_pylist()
    }
    assert changed["missing_pictures"] == (0, 1)
    assert (without_parent.manifest.parent, without_parent.differences) == (None, None)
    assert deleted.manifest.parent == first and deleted.differences is None


def test_export_leaves_them_out_by_name(lake, tmp_path, monkeypatch):
    monkeypatch.setattr("flows.pipelines.export_training.loses_too_many", lambda *counts: False)
    record = export_training(
        Lake(lake).release(), "deepfashion2", split="train", output=tmp_path,
        options=TrainingOptions("detection"), run=map,
    )  # fmt: skip
    assert [row.image_id for row in record.lost] == [1, 2, 3]
    assert all("it is not one of JPEG, PNG" in row.reason for row in record.lost)


def test_the_feed_names_the_picture_in_one_sentence(lake, tmp_path):
    feed = Feed(lake, "deepfashion2", "train", cache=tmp_path)
    for place in range(3):
        with pytest.raises(
            InputError, match=rf"{place + 1:06d}\.jpg cannot be decoded \(it is not"
        ):
            feed[place]
    assert feed[3]["image"].any()

"""Rows that a training job cannot use: the feed and the training export leave out the same ones."""

import pytest
from releases import image, item, write_release

from flows.exports.training.options import TrainingOptions
from flows.feed import Feed
from flows.pipelines.export_training import export_training
from flows.release import Release
from schemas.errors import InputError, MostLeftOut

BLANK = [(0.0, 0.0, 0)] * 8


def export(release, folder, task, dataset="deepfashion2", **how):
    options = TrainingOptions(task, crop_items=how.pop("crop", None) == "items")
    return export_training(
        Release(release), dataset, split="train", output=folder, options=options, run=map, **how
    )


@pytest.fixture
def mixed(tmp_path):
    """Six images with an item each; two without a picture, one without annotation, one blank."""
    rows = [image(number, item()) for number in range(1, 7)]
    rows[1] = image(2, item(), item(), image_status="missing")
    rows[2] = image(3, item(landmarks=BLANK), image_status="too_large")
    rows[3] = image(4, item(landmarks=BLANK))
    return write_release(tmp_path, [*rows, image(7, annotated=False)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "crop", "left_out", "rows"),
    [
        (
            "detection",
            None,
            {"picture missing": 1, "picture too_large": 1, "without annotation": 1},
            4,
        ),
        (
            "landmarks",
            "items",
            {"picture missing": 2, "picture too_large": 1, "without labelled landmark": 1},
            3,
        ),
        ("segmentation", "items", {"picture missing": 2, "picture too_large": 1}, 4),
    ],
)
def test_feed_and_export_leave_out_the_same_rows(mixed, tmp_path, task, crop, left_out, rows):
    feed = Feed(mixed, "deepfashion2", "train", task=task, crop=crop)
    record = export(mixed, tmp_path / "set", task, crop=crop, allow_left_out=True)
    assert (feed.left_out, len(feed)) == (left_out, rows)
    assert (record.left_out, record.rows) == (left_out, rows)


@pytest.mark.parametrize(
    ("task", "images", "says"),
    [
        ("retrieval", [image(1, item())], "has no annotations for the task retrieval"),
        ("segmentation", [image(1, item(polygons=[]))], "no annotations for the task segm"),
        ("landmarks", [image(1, item(landmarks=BLANK))], "no annotations for the task landmarks"),
        ("detection", [image(1)], "has no annotations for the task detection"),
        (
            "detection",
            [image(1, item(), image_status="missing"), image(2, image_status="missing")],
            r"left out 2 of 2 rows \(2 picture missing\); ingest with the pictures\.$",
        ),
    ],
)
def test_feed_and_export_refuse_what_gives_nothing_in_the_same_sentence(
    tmp_path, task, images, says
):
    release = write_release(tmp_path, images)
    with pytest.raises(InputError, match=says) as fed:
        Feed(release, "deepfashion2", "train", task=task)
    with pytest.raises(InputError, match=says) as exported:
        export(release, tmp_path / "set", task)
    assert str(fed.value) == str(exported.value)
    assert not (tmp_path / "set").exists()


def test_pictures_without_annotation_are_fed_on_request(tmp_path):
    release = write_release(tmp_path, [image(1, annotated=False)])
    with pytest.raises(InputError, match="no annotations"):
        Feed(release, "deepfashion2", "train")
    assert len(Feed(release, "deepfashion2", "train", unannotated=True)) == 1


@pytest.mark.slow
def test_an_export_that_would_leave_out_most_rows_writes_nothing(tmp_path):
    rows = [image(n, item(), image_status="missing" if n > 1 else "ok") for n in range(1, 4)]
    release = write_release(tmp_path, rows)
    with pytest.raises(MostLeftOut, match=r"left out 2 of 3 rows \(2 picture missing\)"):
        export(release, tmp_path / "set", "detection")
    assert not (tmp_path / "set").exists()
    assert export(release, tmp_path / "set", "detection", allow_left_out=True).rows == 1


@pytest.mark.slow
def test_half_of_the_rows_may_be_left_out(tmp_path):
    rows = [image(n, item(), image_status="missing" if n > 2 else "ok") for n in range(1, 5)]
    assert export(write_release(tmp_path, rows), tmp_path / "set", "detection").rows == 2

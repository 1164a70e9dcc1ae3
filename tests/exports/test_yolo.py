"""YOLO data sets, read back by the rules of the format: every number, and what is left out."""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import yaml
from command_line import wardrobe
from PIL import Image
from releases import image, item, jpeg, png, write_release

from flows.exports.yolo.writer import BROKEN, NO_ITEM, TOO_SMALL
from flows.pipelines.export_yolo import export_yolo
from flows.release import open_release
from schemas.categories import CATEGORIES
from schemas.errors import InputError

pytestmark = pytest.mark.slow

# Pictures of write_release have 64 x 80 pixels.
SIZE = np.array([64, 80])


def export(release, folder, task="detection", dataset="deepfashion2", **options):
    options = {"split": "train", "output": folder} | options
    return export_yolo(open_release(release), dataset, task=task, **options)[1]


def read_like_ultralytics(folder: Path, subset: str) -> dict[str, np.ndarray | list[np.ndarray]]:
    """The labels by picture name, by the rules and limits of Ultralytics' documentation.

    A label file is found by replacing the last `images` folder of the picture's path. Rows of one
    file have as many numbers as the task needs; all numbers but the class are within 0 and 1.
    """
    data = yaml.safe_load((folder / "data.yaml").read_text())
    assert all(key in data for key in ("train", "val", "names")), "Ultralytics needs these"
    labels = {}
    for path in sorted((folder / data[subset]).iterdir()):
        with Image.open(path) as picture:
            assert picture.getexif().get(0x0112, 1) == 1
            assert min(picture.size) > 9 and picture.format in ("JPEG", "PNG", "WEBP")
        before, after = str(path).rsplit("/images/", 1)
        label_file = Path(f"{before}/labels/{after}").with_suffix(".txt")
        rows = [line.split() for line in label_file.read_text().splitlines()]
        if "kpt_shape" in data:
            count, dimensions = data["kpt_shape"]
            assert sorted(data["flip_idx"]) == list(range(count))
            assert {len(row) for row in rows} <= {5 + count * dimensions}
        elif any(len(row) > 6 for row in rows):
            assert all(len(row) >= 7 and len(row) % 2 for row in rows)
        else:
            assert {len(row) for row in rows} <= {5}
        numbers = [np.array(row, float) for row in rows]
        for row in numbers:
            assert 0 <= row[0] < len(data["names"])
            coordinates = row[1:]
            if "kpt_shape" in data:
                assert set(row[7::3]) <= {0, 1, 2}
                coordinates = np.concatenate([row[1:5], row[5:].reshape(-1, 3)[:, :2].ravel()])
            assert coordinates.min() >= 0 and coordinates.max() <= 1
        labels[path.stem] = numbers
    return labels


def in_pixels(row):
    """The box of a label row as x1, y1, x2, y2."""
    center, extent = row[1:3] * SIZE, row[3:5] * SIZE
    return np.concatenate([center - extent / 2, center + extent / 2])


@pytest.fixture
def release(tmp_path):
    """Two pictures with items, one without: a box over the edge, one outside, an odd polygon."""
    hole = [[8.0, 12.0, 40.0, 12.0, 40.0, 60.0, 8.0, 60.0], [8.0, 12.0, 40.0, 12.0, 40.0, 36.0]]
    marks = [(8.0, 12.0, 2), (70.0, 12.0, 2), (64.0, 80.0, 1), *[(0.0, 0.0, 0)] * 5]
    images = [
        image(
            1,
            item(9, box=(-4.0, 12.0, 90.0, 60.0), landmarks=marks, polygons=hole),
            item(7, box=(70.0, 12.0, 90.0, 60.0), polygons=[[70.0, 1.0, 90.0, 1.0, 90.0, 2.0]]),
        ),
        image(2, item(1, polygons=[])),
        image(3),
    ]
    return write_release(tmp_path, images)


def with_val(folder: Path, release: Path, task: str) -> dict[str, np.ndarray | list[np.ndarray]]:
    export(release, folder, task)
    export(release, folder.with_name("val"), task, subset="val")  # the same split, elsewhere
    text = (folder / "data.yaml").read_text()
    (folder / "data.yaml").write_text(text + f'val: "{folder.with_name("val")}/images/val"\n')
    return read_like_ultralytics(folder, "train")


def test_boxes_are_clipped_to_the_picture_and_one_outside_is_left_out(release, tmp_path):
    labels = with_val(tmp_path / "set", release, "detection")
    assert [row[0] for row in labels["000001"]] == [8]  # the skirt; the shorts are outside
    np.testing.assert_allclose(in_pixels(labels["000001"][0]), [0, 12, 64, 60], atol=1e-3)
    np.testing.assert_allclose(in_pixels(labels["000002"][0]), [8, 12, 40, 60], atol=1e-3)
    assert labels["000003"] == []  # a picture without items
    counts = export(release, tmp_path / "set")
    assert (counts.images, counts.items, counts.images_left_out) == (3, 2, {})
    assert counts.items_left_out == {"the box is empty or outside of the picture": 1}


def test_landmarks_have_the_places_of_the_long_list(release, tmp_path):
    labels = with_val(tmp_path / "set", release, "pose")
    (skirt,) = labels["000001"]
    points = skirt[5:].reshape(294, 3)
    slots = CATEGORIES["deepfashion2"][8].slots
    np.testing.assert_allclose(points[slots[0]], [8 / 64, 12 / 80, 2], atol=1e-6)
    np.testing.assert_allclose(points[slots[2]], [1, 1, 1], atol=1e-6)
    # The second is outside of the picture; the others are not labelled.
    assert np.flatnonzero(points.any(axis=1)).tolist() == [slots[0], slots[2]]
    (top,) = labels["000002"]
    first = top[5:].reshape(294, 3)
    assert np.flatnonzero(first.any(axis=1)).tolist() == list(CATEGORIES["deepfashion2"][0].slots)
    assert export(release, tmp_path / "set", "pose").landmarks_outside == 1


def test_a_mask_is_the_first_polygon_and_items_without_one_are_left_out(release, tmp_path):
    labels = with_val(tmp_path / "set", release, "segmentation")
    (skirt,) = labels["000001"]
    expected = np.array([[8, 12], [40, 12], [40, 60], [8, 60]]) / SIZE
    np.testing.assert_allclose(skirt[1:].reshape(-1, 2), expected, atol=1e-6)
    assert labels.keys() == {"000001", "000003"}
    counts = export(release, tmp_path / "set", "segmentation")
    assert counts.images_left_out == {NO_ITEM: 1}
    assert counts.items_left_out["without polygon"] == 1


@pytest.mark.parametrize("dataset", ["deepfashion2", "fashionai"])
def test_a_flip_swaps_the_landmarks_that_every_category_declares(dataset, tmp_path):
    plain = item(1, polygons=[], landmarks=[(9.0, 9.0, 2)] * CATEGORIES[dataset][0].landmarks)
    release = write_release(tmp_path, [image(1, plain)], dataset=dataset)
    export(release, tmp_path / "set", "pose", dataset)
    data = yaml.safe_load((tmp_path / "set/data.yaml").read_text())
    swapped = data["flip_idx"]
    assert [swapped[place] for place in swapped] == list(range(data["kpt_shape"][0]))
    for category in CATEGORIES[dataset]:
        partner = {a: b for pair in category.mirrors for a, b in (pair, pair[::-1])}
        for number, slot in enumerate(category.slots, start=1):
            assert swapped[slot] == category.slots[partner.get(number, number) - 1], category.name
    assert data["names"] == [category.name for category in CATEGORIES[dataset]]


def test_pictures_that_a_trainer_would_misread_are_written_again_or_left_out(tmp_path):
    turned, gif = BytesIO(), BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(BytesIO(jpeg(64, 80))) as plain:
        plain.save(turned, "JPEG", exif=exif)
        plain.save(gif, "GIF")
    images = [
        image(1, item(), picture=turned.getvalue(), orientation=6),
        image(2, item(), picture=gif.getvalue(), format="gif"),
        image(3, item(), picture=png(np.zeros((80, 9, 3), np.uint8)), width=9),
        image(4, item(), image_status="missing", width=None, height=None, picture=b"no"),
        image(5, item(), picture=b"\xff\xd8\xff of nothing"),
        image(6, item(), picture=jpeg(64, 80)),
    ]
    release = write_release(tmp_path, images)
    counts = export(release, tmp_path / "set")
    assert counts.images_left_out == Counter({TOO_SMALL: 1, "picture missing": 1, BROKEN: 1})
    folder = tmp_path / "set/images/train"
    assert sorted(path.name for path in folder.iterdir()) == [
        "000001.jpg",
        "000002.png",
        "000006.jpg",
    ]
    for name in ("000001.jpg", "000002.png"):
        with Image.open(folder / name) as picture:
            assert picture.size == (64, 80) and picture.getexif().get(0x0112) is None
    assert (folder / "000006.jpg").read_bytes() == images[5]["picture"]


@pytest.mark.parametrize("pictures", ["zips", "embedded"])
def test_pictures_come_from_zips_and_from_the_release(pictures, tmp_path):
    release = write_release(tmp_path, [image(1, item()), image(2, item())], pictures=pictures)
    assert export(release, tmp_path / "set").images == 2


def test_a_repeated_export_replaces_its_subset_and_keeps_the_other(release, tmp_path):
    folder = tmp_path / "set"
    export(release, folder)
    export(release, folder.with_name("other"), subset="val")
    # As a killed export leaves it: half-written folders and labels that Ultralytics has parsed.
    (folder / ".train.partial/images").mkdir(parents=True)
    (folder / "labels/train.cache").write_bytes(b"parsed")
    (folder / "labels/train/000009.txt").write_text("stale")
    export(release, folder)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.txt"))
    assert names == [f"labels/train/00000{number}.txt" for number in (1, 2, 3)]
    assert sorted(path.name for path in folder.iterdir()) == ["data.yaml", "images", "labels"]
    assert sorted(path.name for path in (folder / "labels").iterdir()) == ["train"]
    record = yaml.safe_load((folder / "data.yaml").read_text())["wardrobe"]
    assert record["subsets"]["train"]["release"] == release.name


def test_after_a_kill_during_the_first_export_the_command_can_be_repeated(release, tmp_path):
    (tmp_path / "set/.train.partial/images").mkdir(parents=True)
    assert export(release, tmp_path / "set").images == 3


def test_a_failed_export_leaves_the_earlier_one(release, tmp_path):
    export(release, tmp_path / "set")
    before = {path: path.read_bytes() for path in (tmp_path / "set").rglob("*.*")}
    for path in (tmp_path / "source").rglob("*.jpg"):
        path.write_bytes(b"damaged")
    with pytest.raises(
        InputError, match="3 pictures of deepfashion2 train cannot be read any more"
    ):
        export(release, tmp_path / "set")
    assert {path: path.read_bytes() for path in (tmp_path / "set").rglob("*.*")} == before


def refuse(match, release, folder, **options):
    with pytest.raises(InputError, match=match):
        export(release, folder, **options)


def test_wrong_use_gets_one_sentence_and_changes_nothing(release, tmp_path):
    folder = tmp_path / "set"
    export(release, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    refuse("holds deepfashion2 for detection: give another", release, folder, task="pose")
    refuse("holds train as train", release, folder, fold="0/5")
    refuse("--as train, --as val, --as test", release, folder, split="test_a")
    refuse("does not have deepfashion2 validation", release, folder, split="validation")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full/photo.jpg").touch()
    refuse("holds other files: give an empty folder", release, tmp_path / "full")
    bare = write_release(tmp_path / "bare", [image(1, item(polygons=[]))])
    refuse("no annotations for the task segmentation", bare, tmp_path / "x", task="segmentation")
    missing = write_release(tmp_path / "missing", [image(1, item(), image_status="missing")])
    refuse("no pictures that could be read", missing, tmp_path / "y")


def test_over_half_of_the_images_is_left_out_only_on_request(tmp_path):
    rows = [image(n, item(), image_status="missing" if n > 1 else "ok") for n in range(1, 4)]
    release = write_release(tmp_path, rows)
    lake, folder = release.parents[1], tmp_path / "set"
    (lake / "current").symlink_to(release.relative_to(lake))
    words = ("export", "yolo", "deepfashion2", "train", "--output", folder)
    counts = "left out 2 of 3 images (2 picture missing)"
    blocked = wardrobe(*words, lake=lake)
    assert (blocked.returncode, blocked.stdout) == (1, "")
    assert counts in blocked.stderr and "--allow-left-out" in blocked.stderr
    assert not list(folder.rglob("*.jpg")) and not (folder / "data.yaml").exists()
    allowed = wardrobe(*words, "--allow-left-out", lake=lake)
    assert (allowed.returncode, allowed.stderr) == (0, f"note: {counts}\n")


def test_the_command_says_what_it_wrote_and_left_out(release, tmp_path):
    lake, folder = release.parents[1], tmp_path / "set"
    (lake / "current").symlink_to(release.relative_to(lake))
    words = ("export", "yolo", "deepfashion2", "train", "--output", folder)
    done = wardrobe(*words, "--task", "pose", lake=lake)
    assert done.stdout == f"{folder}: 3 images, 2 items of deepfashion2 train as train\n"
    assert "note: left out 1 of 3 items (1 " in done.stderr
    assert "1 landmarks outside of their picture" in done.stderr
    refused = wardrobe(*words, lake=lake)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    data = yaml.safe_load((folder / "data.yaml").read_text())
    assert json.loads(json.dumps(data["wardrobe"]))["task"] == "pose"

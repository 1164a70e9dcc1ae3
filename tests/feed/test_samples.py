"""What a sample holds: pictures, and annotations moved along with them."""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from releases import image, item, jpeg, write_release

from flows.feed import Feed
from schemas.errors import InputError


@pytest.mark.parametrize("pictures", ["folder", "zips", "embedded"])
def test_a_picture_is_the_same_from_a_folder_a_zip_and_embedded_bytes(tmp_path, pictures):
    release = write_release(tmp_path, [image(1, item()), image(2, item())], pictures=pictures)
    feed = Feed(release, "deepfashion2", "train")
    whole = np.array(Image.open(BytesIO(jpeg(64, 80, seed=2))))
    np.testing.assert_array_equal(feed[1]["image"], whole)
    assert feed[1]["image"].flags.writeable


def test_an_image_comes_with_all_its_items_in_the_order_of_their_numbers(tmp_path):
    release = write_release(tmp_path, [image(7, item(9), item(1, box=(0.0, 0.0, 10.0, 20.0)))])
    sample = Feed(release, "deepfashion2", "train")[0]
    assert sample["image_id"] == 7
    assert sample["item_nos"].tolist() == [1, 2]
    assert sample["category_ids"].tolist() == [9, 1]
    assert sample["labels"].tolist() == [8, 0]
    assert sample["boxes"].dtype == np.float32
    assert sample["boxes"].tolist() == [[8, 12, 40, 60], [0, 0, 10, 20]]


@pytest.fixture(scope="module")
def two_images(tmp_path_factory):
    """A skirt with labelled, occluded and absent landmarks and shorts; and nothing."""
    points = [(10.0, 20.0, 2), (12.0, 24.0, 1), (0.0, 0.0, 0)] + [(20.0, 30.0, 2)] * 5
    images = [image(1, item(9, landmarks=points), item(7, box=(50.0, 60.0, 64.0, 80.0))), image(2)]
    return write_release(tmp_path_factory.mktemp("two_images"), images)


@pytest.mark.parametrize("task", ["detection", "landmarks", "segmentation"])
def test_an_image_without_items_has_empty_arrays(two_images, task):
    sample = Feed(two_images, "deepfashion2", "train", task=task)[1]
    assert sample["boxes"].shape == (0, 4)
    assert sample["labels"].shape == (0,)


def test_coordinates_follow_the_picture_to_its_new_size(two_images):
    sample = Feed(two_images, "deepfashion2", "train", task="segmentation", size=(32, 20))[0]
    assert sample["image"].shape == (20, 32, 3)
    assert sample["boxes"][0].tolist() == [4, 3, 20, 15]
    assert sample["polygons"][0][0].tolist() == [[4, 3], [20, 3], [20, 15], [4, 3]]


def test_padding_keeps_the_proportions_and_leaves_the_rest_black(two_images):
    sample = Feed(two_images, "deepfashion2", "train", size=40, fit="pad")[0]
    assert sample["image"].shape == (40, 40, 3)
    assert sample["image"][:, 32:].max() == 0
    assert sample["boxes"][0].tolist() == [4, 6, 20, 30]


def test_an_item_crop_moves_landmarks_into_the_crop(two_images):
    options = {"task": "landmarks", "crop": "items", "margin": 0, "size": (16, 24)}
    sample = Feed(two_images, "deepfashion2", "train", **options)[0]
    assert sample["image"].shape == (24, 16, 3)
    assert sample["frame"].tolist() == [8, 12, 0.5, 0.5]
    assert sample["landmarks"][:3].tolist() == [[1, 4, 2], [2, 6, 1], [0, 0, 0]]
    back = sample["landmarks"][0, :2] / sample["frame"][2:] + sample["frame"][:2]
    assert back.tolist() == [10, 20]


def test_landmarks_can_stand_at_their_places_in_the_long_vector(two_images):
    long = Feed(two_images, "deepfashion2", "train", task="landmarks", slots=True)[0]["landmarks"]
    assert long.shape == (2, 294, 3)
    skirt = [place for place in range(182, 190) if place != 184]
    assert np.flatnonzero(long[0, :, 2]).tolist() == skirt
    assert np.flatnonzero(long[1, :, 2]).tolist() == list(range(158, 168))


def test_a_crop_reaches_no_further_than_the_picture(two_images):
    sample = Feed(two_images, "deepfashion2", "train", crop="items", margin=0.5)[1]
    assert sample["image"].shape == (30, 21, 3)
    assert sample["box"].tolist() == [7, 10, 21, 30]


def test_items_without_a_box_show_the_whole_picture(tmp_path):
    release = write_release(tmp_path, [image(1, item(box=None))])
    sample = Feed(release, "deepfashion2", "train", crop="items")[0]
    assert sample["image"].shape == (80, 64, 3)
    assert np.isnan(sample["box"]).all()


def test_what_cannot_teach_is_left_out_and_counted(tmp_path):
    blank = item(landmarks=[(0.0, 0.0, 0)] * 8)
    rows = [
        image(1, item(), blank),
        image(2, item(), image_status="missing"),
        image(3, annotated=False),
    ]
    release = write_release(tmp_path, rows)
    feed = Feed(release, "deepfashion2", "train", task="landmarks", crop="items")
    assert len(feed) == 1
    assert feed.left_out == {"picture missing": 1, "without labelled landmark": 1}
    assert len(Feed(release, "deepfashion2", "train")) == 1
    assert len(Feed(release, "deepfashion2", "train", unannotated=True)) == 2


def test_a_large_jpeg_is_decoded_at_a_scale_and_still_looks_the_same(tmp_path):
    big = image(1, item(), width=640, height=800)
    release = write_release(tmp_path, [big])
    small = Feed(release, "deepfashion2", "train", size=(160, 200))[0]["image"]
    with Image.open(BytesIO(jpeg(640, 800, seed=1))) as whole:
        reference = np.array(whole.resize((160, 200), Image.Resampling.BOX))
    assert np.abs(small.astype(int) - reference).mean() < 2


def test_a_release_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="is not a release"):
        Feed(tmp_path, "deepfashion2", "train")
    release = write_release(tmp_path, [image(1, item())])
    with pytest.raises(InputError, match="does not have deepfashion2 test: it has"):
        Feed(release, "deepfashion2", "test")
    with pytest.raises(InputError, match="does not have deepfashion2 trian: did you mean train"):
        Feed(release, "deepfashion2", "trian")
    with pytest.raises(InputError, match="deepfasion2 is not a data set: did you mean deepf"):
        Feed(release, "deepfasion2", "train")
    with pytest.raises(InputError, match="task cannot be boxes"):
        Feed(release, "deepfashion2", "train", task="boxes")


def test_the_current_release_is_pinned_when_it_is_opened(tmp_path):
    first = write_release(tmp_path, [image(1, item())], name="20261121T000000Z-aaaaaaaa")
    second = write_release(tmp_path, [image(1, item()), image(2)], name="20261122T000000Z-bbbbbbbb")
    current = tmp_path / "lake" / "current"
    current.symlink_to(first)
    feed = Feed(tmp_path / "lake", "deepfashion2", "train")
    current.unlink()
    current.symlink_to(second)
    assert feed.origin == "20261121T000000Z-aaaaaaaa"
    assert len(feed[0]["labels"]) == 1
    assert len(Feed(current, "deepfashion2", "train")) == 2


def test_a_picture_that_changed_since_is_named(tmp_path):
    release = write_release(tmp_path, [image(1, item()), image(2)])
    feed = Feed(release, "deepfashion2", "train")
    path = tmp_path / "source" / "train" / "image" / "000001.jpg"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"000001\.jpg cannot be decoded"):
        feed[0]
    path.unlink()
    with pytest.raises(InputError, match=r"000001\.jpg"):
        feed[0]


@pytest.mark.slow
def test_the_feed_imports_no_heavy_library():
    heavy = ("prefect", "polars", "duckdb", "torch", "pandas", "typer")
    code = f"import sys, flows.feed; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, env=os.environ
    )
    assert found.stdout.strip() == "[]", found.stderr

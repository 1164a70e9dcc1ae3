"""Feeds over releases that were really ingested, and over a training set exported from one."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training_shards import read_shards

from flows.exports.training.options import TrainingOptions
from flows.feed import Feed, IdentityBatches, Loader, Sampler
from flows.lake import Lake
from flows.pipelines.export_training import export_training

pytestmark = pytest.mark.slow


def documents(folder: Path) -> dict[int, dict]:
    paths = sorted((folder / "deepfashion2" / "train" / "annos").glob("*.json"))
    return {int(path.stem): json.loads(path.read_text()) for path in paths}


def test_deepfashion2_comes_as_its_documents_and_pictures_say(folder):
    truth = documents(folder)
    landmarks = Feed(folder / "lake", "deepfashion2", "train", task="landmarks")
    outlines = Feed(folder / "lake", "deepfashion2", "train", task="segmentation")
    assert [sample["image_id"] for sample in landmarks] == sorted(truth)
    for points, outline in zip(landmarks, outlines, strict=True):
        number = points["image_id"]
        with Image.open(folder / f"deepfashion2/train/image/{number:06d}.jpg") as picture:
            np.testing.assert_array_equal(points["picture"], np.array(picture))
        for k, item_no in enumerate(points["item_nos"]):
            item = truth[number][f"item{item_no}"]
            assert points["boxes"][k].tolist() == item["bounding_box"]
            assert points["labels"][k] == item["category_id"] - 1
            assert points["landmarks"][k].reshape(-1).tolist() == item["landmarks"]
            flat = [polygon.reshape(-1) for polygon in outline["polygons"][k]]
            expected = [np.float32(polygon) for polygon in item["segmentation"]]
            assert all(map(np.array_equal, flat, expected))


def test_products_of_the_release_make_identity_batches(folder):
    feed = Feed(folder / "lake", "deepfashion2", "train", task="retrieval", size=32)
    batches = IdentityBatches(feed, identities=2, items=2)
    batch = next(iter(Loader(feed, Sampler(batches, seed=3))))
    assert batch["picture"].shape == (4, 32, 32, 3)
    assert batch["source"].tolist() == [1, 0, 1, 0]
    assert len(set(batch["pair_id"].tolist())) == 2
    assert (batch["style"] > 0).all()


def test_fashionai_comes_without_boxes_and_with_24_slots(folder):
    feed = Feed(folder / "lake", "fashionai", "train", task="landmarks", crop="items", slots=True)
    sample = feed[0]
    assert sample["landmarks"].shape == (24, 3)
    assert np.isnan(sample["box"]).all()
    assert feed.categories[sample["label"]] in ("blouse", "outwear", "dress", "skirt", "trousers")


def test_fashion_mnist_comes_from_the_release_itself(folder):
    feed = Feed(folder / "lake", "fashion-mnist", "train", task="classification", mode="L")
    (batch,) = Loader(feed, Sampler(feed, shuffle=False), batch_size=100)
    assert batch["picture"].shape == (len(feed), 28, 28, 1)
    assert sorted(set(batch["label"].tolist())) == list(range(10))


@pytest.mark.parametrize("crop", [None, "items"])
def test_an_export_feeds_what_the_release_feeds(folder, tmp_path, crop):
    release = Lake(folder / "lake").release()
    options = TrainingOptions("landmarks", crop_items=crop == "items")
    export_training(
        release, "deepfashion2", split="train", output=tmp_path, options=options, run=map, shards=2
    )
    feed = Feed(release.path, "deepfashion2", "train", task="landmarks", crop=crop, margin=0)
    exported = read_shards(tmp_path, "train")
    rows = {(row["image_id"], row.get("item_no", 0)): row for row in exported}
    assert len(rows) == len(exported)
    for sample in feed:
        row = rows[sample["image_id"], sample.get("item_no", 0)]
        if crop:
            landmarks = np.array(row["landmarks"], np.float32)
            shift = landmarks[:, :2] - sample["landmarks"][:, :2]
            labelled = sample["landmarks"][:, 2] > 0
            np.testing.assert_array_equal(landmarks[:, 2], sample["landmarks"][:, 2])
            assert np.ptp(shift[labelled], axis=0).max() <= 1e-3
            assert row["category"] == sample["label"]
        else:
            np.testing.assert_array_equal(row["picture"], sample["picture"])
            # In the order of their document; those of the feed are in the order of item_no.
            objects = row["objects"]
            by_number = np.argsort(objects["item_no"])
            np.testing.assert_array_equal(
                np.take(objects["item_no"], by_number), sample["item_nos"]
            )
            np.testing.assert_array_equal(np.take(objects["category"], by_number), sample["labels"])
            for mine, k in zip(sample["landmarks"], by_number, strict=True):
                np.testing.assert_array_equal(mine, np.float32(objects["landmarks"][k]))

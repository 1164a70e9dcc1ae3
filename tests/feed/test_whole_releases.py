"""Feeds over releases that were really ingested, and over a training set exported from one."""

import json
import re
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
            np.testing.assert_array_equal(points["image"], np.array(picture))
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
    assert batch["image"].shape == (4, 32, 32, 3)
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
    assert batch["image"].shape == (len(feed), 28, 28, 1)
    assert sorted(set(batch["label"].tolist())) == list(range(10))


ALIKE = [
    ("deepfashion2", "detection", None),
    ("deepfashion2", "landmarks", None),
    ("deepfashion2", "landmarks", "items"),
    ("deepfashion2", "segmentation", "items"),
    ("deepfashion2", "retrieval", None),
    ("fashionai", "landmarks", "items"),
    ("fashion-mnist", "classification", None),
]


@pytest.mark.parametrize(("dataset", "task", "crop"), ALIKE)
def test_an_export_has_the_keys_and_values_of_the_feed(folder, tmp_path, dataset, task, crop):
    release = Lake(folder / "lake").release()
    options = TrainingOptions(task, crop_items=crop == "items", picture_format="png")
    export_training(
        release, dataset, split="train", output=tmp_path, options=options, run=map, shards=2
    )
    mode = "L" if dataset == "fashion-mnist" else "RGB"
    feed = Feed(release.path, dataset, "train", task=task, crop=crop, margin=0, mode=mode)
    rows = read_shards(tmp_path, "train")
    assert len(rows) == len(feed)
    for sample, row in zip(feed, rows, strict=True):
        assert row.keys() == sample.keys()
        for name, value in sample.items():
            if name == "image":
                np.testing.assert_array_equal(row[name][..., : value.shape[2]], value)
            elif isinstance(value, list):
                assert len(row[name]) == len(value)
                for mine, other in zip(row[name], value, strict=True):
                    np.testing.assert_allclose(np.float32(mine), other, atol=1e-4)
            else:
                other = np.reshape(np.float64(row[name]), np.shape(value))
                np.testing.assert_allclose(other, value, atol=1e-4)


def test_the_readme_shows_the_keys_and_shapes_of_a_sample(folder):
    text = (Path(__file__).parents[2] / "README.md").read_text()
    table = text.partition("A sample of the feed")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| (.*?) \|$", table, flags=re.MULTILINE)
    how = {"task": "landmarks", "size": (20, 30)}
    (item, image) = (
        Feed(folder / "lake", "deepfashion2", "train", crop=crop, **how)[0]
        for crop in ("items", None)
    )
    named = {name for keys, _, _ in rows for name in re.findall(r"`(\w+)`", keys)}
    assert named == item.keys()
    assert item["image"].shape == (30, 20, 3) and (item["width"], item["height"]) == (20, 30)
    assert item["frame"].shape == item["box"].shape == (4,)
    assert item["landmarks"].shape[1:] == (3,)
    several = {name for *_, of_image in rows for name in re.findall(r"`(\w+)`", of_image)}
    assert several | {"image", "image_id", "width", "height", "frame", "landmarks"} == image.keys()
    count = len(image["item_nos"])
    assert image["boxes"].shape == (count, 4) and len(image["landmarks"]) == count

"""Folds: the same parts of a split in the feed and in every export, a product in one of them."""

import hashlib
import json

import numpy as np
import pytest
from releases import image, item, write_release

from flows.exports.coco.layout import CocoOptions
from flows.exports.training.options import TrainingOptions
from flows.feed import Feed, IdentityBatches, Sampler
from flows.pipelines.export import export_coco, export_information
from flows.pipelines.export_training import export_training
from flows.pipelines.export_yolo import export_yolo
from flows.release import Fold, Release
from schemas.errors import InputError

FOLDS = [f"{number}/5" for number in range(5)]


def photos():
    """80 images of 20 products, ten images without a product."""
    for number in range(1, 81):
        source = "shop" if number % 2 else "user"
        yield image(number, item(style=1), item(), source=source, pair_id=number // 4)
    for number in range(81, 91):
        yield image(number, item(), source="user", pair_id=None)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Those images."""
    return write_release(tmp_path_factory.mktemp("folds"), [*photos()], pairs=True, per_part=100)


def image_ids(release, fold):
    feed = Feed(release, "deepfashion2", "train", fold=fold)
    return feed.index.images["image_id"][feed.rows].tolist()


def test_folds_divide_a_split_and_keep_products_together(release):
    parts = [image_ids(release, fold) for fold in FOLDS]
    assert sorted(number for part in parts for number in part) == [*range(1, 91)]
    assert min(map(len, parts)) >= 8
    products = [{number // 4 for number in part if number < 81} for part in parts]
    assert sum(map(len, products)) == len(set.union(*products))
    alone = [{number for number in part if number > 80} for part in parts]
    assert sum(map(bool, alone)) > 1, "without a product each image has a part of its own"
    assert image_ids(release, "1-4/5") == sorted(set(range(1, 91)) - set(parts[0]))
    assert image_ids(release, "0-1,3-4/5") == sorted(set(range(1, 91)) - set(parts[2]))


def test_the_part_of_an_image_never_changes():
    ids, pairs = np.arange(1, 13), np.array([7, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1])
    parts = [Fold((part,), 5).select("deepfashion2", "train", ids, pairs) for part in range(5)]
    assert np.array(parts).sum() == 12
    names = [
        f"pair/{pair}" if pair >= 0 else f"image/{id_}"
        for id_, pair in zip(ids, pairs, strict=True)
    ]
    digests = [hashlib.md5(f"deepfashion2/train/{name}".encode()).hexdigest() for name in names]
    expected = [int(digest[:14], 16) % 5 for digest in digests]
    assert np.argmax(parts, axis=0).tolist() == expected
    assert expected == [1, 1, 2, 3, 0, 0, 0, 1, 2, 1, 0, 4]


@pytest.mark.slow
def test_every_export_has_the_images_of_the_feed(release, tmp_path):
    given = Release(release)
    for fold in ("0/5", "1-4/5"):
        numbers = image_ids(release, fold)
        options = TrainingOptions("detection", fold=fold)
        folder = tmp_path / fold.replace("/", "_")
        place = {"split": "train", "output": folder / "set"}
        record = export_training(given, "deepfashion2", **place, options=options, run=map, shards=2)
        assert record.rows == len(numbers)
        assert f"Fold {fold} of the split" in (folder / "set/README.md").read_text()
        place["output"] = folder / "coco.json"
        export_coco(given, "deepfashion2", **place, options=CocoOptions(), fold=fold)
        content = json.loads((folder / "coco.json").read_text())
        assert [record["id"] for record in content["images"]] == numbers
        assert {record["image_id"] for record in content["annotations"]} == set(numbers)
        place["output"] = folder / "lists"
        written = export_information(given, "deepfashion2", **place, fold=fold)
        users = [number for number in numbers if number > 80 or number % 2 == 0]
        assert len(numbers) in written.values() and len(users) in written.values()
        subset = "val" if fold == "0/5" else "train"
        place["output"] = tmp_path / "yolo"
        export_yolo(given, "deepfashion2", **place, task="detection", subset=subset, fold=fold)
        pictures = (tmp_path / "yolo/images" / subset).iterdir()
        assert sorted(int(path.stem) for path in pictures) == numbers
    with pytest.raises(InputError, match="holds train 1-4/5 as train"):
        export_yolo(given, "deepfashion2", **place, task="detection", subset="train", fold="2/5")


@pytest.mark.slow
def test_identities_of_a_fold_are_the_same_in_feed_and_export(release, tmp_path):
    from training_shards import read_shards

    feed = Feed(release, "deepfashion2", "train", task="retrieval", fold="1-4/5")
    options = TrainingOptions("retrieval", fold="1,2,3,4/5")
    export_training(
        Release(release), "deepfashion2", split="train", output=tmp_path, options=options, run=map
    )
    rows = read_shards(tmp_path, "train")
    assert [row["identity"] for row in rows] == [sample["identity"] for sample in feed]
    count = max(row["identity"] for row in rows) + 1
    assert {row["identity"] for row in rows} == {-1, *range(count)}
    assert 10 < count < 20
    batches = IdentityBatches(feed, identities=4, items=2)
    assert set(batches.order(0, 0).ravel()) <= set(range(len(feed)))


def test_images_of_another_split_or_data_set_have_other_parts():
    ids, none = np.arange(1000), np.full(1000, -1)
    masks = [
        Fold.parse("0/2").select(*names, ids, none)
        for names in (("fashionai", "train"), ("fashionai", "test_a"), ("fashion-mnist", "train"))
    ]
    for mask in masks:
        assert 430 < mask.sum() < 570
    assert 400 < (masks[0] ^ masks[1]).sum() < 600


@pytest.mark.parametrize(
    ("text", "spelling"), [("4,1-2,3/5", "1-4/5"), ("0/5", "0/5"), ("0,2,3/4", "0,2-3/4")]
)
def test_a_fold_has_one_spelling(text, spelling):
    assert str(Fold.parse(text)) == spelling
    assert TrainingOptions("detection", fold=text) == TrainingOptions("detection", fold=spelling)


@pytest.mark.parametrize(
    "text", ["", "0", "5/5", "0/0", "3-1/5", "0-9/5", "a/5", "0/5000", "-1/5", "0/5/5", "\u0663/5"]
)
def test_a_wrong_fold_is_refused_in_one_sentence(release, text):
    with pytest.raises(InputError, match=r"fold cannot be .* such as 0/5 or 1-4/5"):
        Feed(release, "deepfashion2", "train", fold=text)


def test_a_fold_without_images_is_refused(release):
    with pytest.raises(InputError, match=r"fold \d+/1000 of deepfashion2 train has no images"):
        for part in range(100):
            Feed(release, "deepfashion2", "train", fold=f"{part}/1000")


def test_a_feed_shows_what_it_serves(release):
    feed = Feed(release, "deepfashion2", "train", fold="1-4/5", flip=0.5, size=(96, 128))
    assert repr(feed) == (
        f"<Feed of deepfashion2 train {len(feed)} images of fold 1-4/5, 0.5 mirrored: task "
        "detection, pictures at 96 x 128 (width x height), left out 0 of "
        f"{len(feed)} rows, release 20261121T031500Z-00000001>"
    )
    state = Sampler(feed).state_dict()
    with pytest.raises(InputError, match="selection of rows"):
        Sampler(Feed(release, "deepfashion2", "train", fold="1-4/6")).load_state_dict(state)

"""Mirrored samples: pictures, coordinates and landmarks of both sides exchanged."""

import numpy as np
import pytest
from releases import image, item, write_release

from flows.feed import Feed, IdentityBatches, Loader, Sampler
from schemas.categories import CATEGORIES
from schemas.errors import InputError

LANDMARKED = [
    category for dataset in ("deepfashion2", "fashionai") for category in CATEGORIES[dataset]
]


def garment(category, seed=0):
    """An item with landmarks of all three visibilities at places of their own."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 3, category.landmarks)
    codes[:3] = (0, 1, 2)
    spots = random.uniform((0, 0), (64, 80), (category.landmarks, 2)).round(2)
    points = [(*spot, code) for spot, code in zip(spots.tolist(), codes.tolist(), strict=True)]
    box = (8.0, 12.0, 41.0, 60.0) if category.dataset == "deepfashion2" else None
    return item(category.category_id, landmarks=points, box=box)


def mirror_back(sample, category):
    """A mirrored sample as it was before, by other means than the feed's."""
    width = sample["width"]
    landmarks = sample["landmarks"].copy()
    labelled = landmarks[:, 2] > 0
    landmarks[labelled, 0] = width - landmarks[labelled, 0]
    for a, b in category.mirrors:
        landmarks[[a - 1, b - 1]] = landmarks[[b - 1, a - 1]]
    x1, y1, x2, y2 = sample["box"]
    return sample | {
        "image": sample["image"][:, ::-1],
        "box": np.array([width - x2, y1, width - x1, y2], np.float32),
        "landmarks": landmarks,
    }


@pytest.mark.parametrize("category", LANDMARKED, ids=lambda one: f"{one.dataset}-{one.name}")
def test_mirrored_twice_is_the_sample_itself(tmp_path, category):
    rows = [image(1, garment(category))]
    release = write_release(tmp_path, rows, dataset=category.dataset)
    feed = Feed(
        release, category.dataset, "train", task="landmarks", crop="items", size=(50, 70), flip=0.5
    )
    sample, mirrored = feed[0], feed[len(feed)]
    back = mirror_back(mirrored, category)
    for name in ("image", "box", "landmarks"):
        np.testing.assert_allclose(back[name], sample[name], atol=1e-4)
    assert (mirrored["landmarks"][mirrored["landmarks"][:, 2] == 0] == 0).all()
    # The frame leads back to pixels of the source, to the partner's place.
    partners = np.array(category.partners) - 1
    source = np.array(rows[0]["items"][0]["landmarks"])[partners]
    np.testing.assert_array_equal(mirrored["landmarks"][:, 2], source[:, 2])
    labelled = source[:, 2] > 0
    found = mirrored["landmarks"][:, :2] / mirrored["frame"][2:] + mirrored["frame"][:2]
    np.testing.assert_allclose(found[labelled], source[labelled, :2], atol=1e-3)


def test_partners_are_declared_for_every_category():
    for category in LANDMARKED:
        partners = np.array(category.partners)
        assert (partners[partners - 1] == np.arange(1, category.landmarks + 1)).all()
        assert (partners != np.arange(1, category.landmarks + 1)).sum() == 2 * len(category.mirrors)
        names = category.landmark_names
        for name, partner in zip(names, partners, strict=bool(names)):
            exchanged = (
                name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
            )
            assert names[partner - 1] == exchanged


def test_a_mirrored_image_has_its_boxes_polygons_and_slots_on_the_other_side(tmp_path):
    skirt = CATEGORIES["deepfashion2"][8]
    outline = [[0.0, 1.0, 10.0, 1.0, 10.0, 5.0]]
    rows = [image(1, garment(skirt), item(7, box=(0.0, 5.0, 10.0, 20.0), polygons=outline))]
    release = write_release(tmp_path, rows)
    mirrored = Feed(release, "deepfashion2", "train", task="segmentation", flip=1.0)[1]
    assert mirrored["boxes"].tolist() == [[23, 12, 56, 60], [54, 5, 64, 20]]
    assert mirrored["polygons"][1][0].tolist() == [[64, 1], [54, 1], [54, 5]]
    how = {"task": "landmarks", "slots": True, "flip": 1.0}
    sample, mirrored = (Feed(release, "deepfashion2", "train", **how)[place] for place in (0, 1))
    for number, partner in enumerate(skirt.partners):
        slot, other = skirt.slots[number], skirt.slots[partner - 1]
        assert mirrored["landmarks"][0, slot, 2] == sample["landmarks"][0, other, 2]


def test_padding_is_mirrored_with_the_picture(tmp_path):
    release = write_release(tmp_path, [image(1, item())])
    feed = Feed(release, "deepfashion2", "train", size=40, fit="pad", flip=1.0)
    assert feed[1]["image"][:, :8].max() == 0
    assert feed[1]["boxes"].tolist() == [[20, 6, 36, 30]]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """200 images of 20 products."""
    photos = [
        image(n, item(style=1), source="shop" if n % 2 else "user", pair_id=n // 10, width=8,
              height=8)
        for n in range(10, 210)
    ]  # fmt: skip
    return write_release(tmp_path_factory.mktemp("many"), photos, pairs=True, per_part=100)


def test_seed_and_epoch_decide_which_samples_are_mirrored(many):
    feed = Feed(many, "deepfashion2", "train", flip=0.3)
    plain = Feed(many, "deepfashion2", "train")
    order = feed.order(seed=5, epoch=1)
    assert order.tolist() == feed.order(5, 1).tolist() != feed.order(6, 1).tolist()
    assert (order % 200).tolist() == plain.order(5, 1).tolist()
    assert 40 <= (order >= 200).sum() <= 80
    assert (order >= 200).tolist() != (feed.order(5, 2) >= 200).tolist()
    ranks = [list(Sampler(feed, seed=5, rank=rank, world_size=4)) for rank in range(4)]
    first = feed.order(5, 0).tolist()
    assert [place for step in zip(*ranks, strict=True) for place in step] == first
    batches = Loader(feed, Sampler(feed, seed=5), batch_size=50, threads=3)
    mirrored = np.concatenate([batch["frame"][:, 2] < 0 for batch in batches])
    assert mirrored.tolist() == [place >= 200 for place in first]
    assert max(Sampler(feed, shuffle=False)) == 199
    assert len(list(feed)) == 200


def test_items_of_identity_batches_are_mirrored_too(many):
    feed = Feed(many, "deepfashion2", "train", task="retrieval", flip=0.5)
    plain = Feed(many, "deepfashion2", "train", task="retrieval")
    order = IdentityBatches(feed, identities=4, items=4).order(1, 0)
    assert (order % 200).tolist() == IdentityBatches(plain, identities=4, items=4).order(
        1, 0
    ).tolist()
    assert 0.3 < (order >= 200).mean() < 0.7


def test_all_or_none_can_be_mirrored_and_wrong_shares_are_refused(many):
    assert (Feed(many, "deepfashion2", "train", flip=1).order(0, 0) >= 200).all()
    with pytest.raises(IndexError):
        Feed(many, "deepfashion2", "train")[200]
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="give a share from 0 to 1"):
            Feed(many, "deepfashion2", "train", flip=share)
    state = Sampler(Feed(many, "deepfashion2", "train", flip=0.5)).state_dict()
    with pytest.raises(InputError, match="selection of rows"):
        Sampler(Feed(many, "deepfashion2", "train")).load_state_dict(state)

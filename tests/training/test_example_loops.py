"""The example training loops, really trained for a few steps: on the GPU when torch sees one."""

import gzip

import numpy as np
import pytest
from drawn_garments import product, skirt
from releases import image, item, png, write_release

from flows.feed import Feed, IdentityBatches, Loader, Sampler

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[training]'")


@pytest.fixture(autouse=True)
def repeatable(tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tests share the machine's cores
    yield
    torch.set_num_threads(threads)


def told(capsys, name, found):
    with capsys.disabled():
        words = ", ".join(f"{what} {rate:,.0f}" for what, rate in found.items())
        print(f"\n{name} on {torch.ones(1).device.type}: samples/s {words}")


def epochs(loader, count):
    """Batches of some epochs in a row, as a training loop takes them."""
    for epoch in range(count):
        loader.set_epoch(epoch)
        yield from loader


def test_landmarks_are_learnt_by_heat_map_regression(tmp_path, capsys):
    from training_loops import LandmarkNetwork, fell, landmark_loss, rates, train

    from flows.feed.pytorch import tensors

    release = write_release(tmp_path, [skirt(number) for number in range(1, 97)], per_part=50)
    feed = Feed(release, "deepfashion2", "train", task="landmarks", crop="items", size=(48, 64))
    loader = Loader(feed, Sampler(feed, seed=1), batch_size=16, threads=2, collate=tensors)
    losses = train(LandmarkNetwork(8), landmark_loss, epochs(loader, 8))
    assert len(losses) == 48
    assert fell(losses) < 0.5, losses
    told(capsys, "landmarks", rates(LandmarkNetwork(8), landmark_loss, loader, steps=4))


def test_retrieval_is_learnt_from_identity_batches(tmp_path):
    from training_loops import Embedding, fell, train, triplet_loss

    from flows.feed.pytorch import TorchLoader

    photos = [
        product(number, pair_id=number // 6, source="shop" if number % 2 else "user")
        for number in range(6, 6 + 6 * 16)
    ]
    release = write_release(tmp_path, photos, pairs=True, per_part=100)
    feed = Feed(release, "deepfashion2", "train", task="retrieval")
    batches = IdentityBatches(feed, identities=8, items=4)
    loader = TorchLoader(feed, Sampler(batches, seed=1))
    losses = train(Embedding(), triplet_loss, epochs(loader, 25))
    assert len(losses) == 50
    assert fell(losses) < 0.7, losses


def fashion_mnist(folder):
    """The first pictures and labels of the real training set."""
    subset = folder / "fashion-mnist" / "subset"
    with gzip.open(subset / "train-images-idx3-ubyte.gz") as file:
        pictures = np.frombuffer(file.read(16 + 784 * 1000), np.uint8)[16:].reshape(-1, 28, 28)
    with gzip.open(subset / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + 1000), np.uint8)[8:]
    return pictures, labels


def shapes():
    """Ten classes anyone can tell apart: a bright bar at one of ten heights."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 500).astype(np.uint8)
    pictures = random.integers(0, 60, (500, 28, 28)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[4 + 2 * label : 6 + 2 * label, 4:24] = 255
    return pictures, labels


@pytest.mark.parametrize("which", ["real", "generated"])
def test_fashion_mnist_is_learnt_from_embedded_pictures(tmp_path, which, request):
    from training_loops import Classifier, class_loss, fell, train

    from flows.feed.pytorch import tensors

    real = which == "real"
    pictures, labels = fashion_mnist(request.getfixturevalue("real_data")) if real else shapes()
    rows = [
        image(
            number,
            item(int(label), style=None, box=None, landmarks=[], polygons=[]),
            file_name=f"{number:05d}.png",
            picture=png(picture),
            width=28,
            height=28,
            format="png",
            source=None,
            pair_id=None,
        )
        for number, (picture, label) in enumerate(zip(pictures, labels, strict=True))
    ]
    release = write_release(
        tmp_path, rows, dataset="fashion-mnist", pictures="embedded", per_part=400
    )
    feed = Feed(release, "fashion-mnist", "train", task="classification", mode="L")
    loader = Loader(feed, Sampler(feed, seed=1), batch_size=50, threads=2, collate=tensors)
    losses = train(Classifier(), class_loss, epochs(loader, 4))
    assert fell(losses) < 0.7, losses

"""The Fashion-MNIST sample: four archives without a time, classes that can be learnt."""

import gzip
import io

import numpy as np
import pytest
from decoded_sources import decode_source
from PIL import Image

from flows.decode.fashion_mnist import FASHION_MNIST
from flows.samples.fashion_mnist import write_fashion_mnist


def files_below(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "fashion-mnist"
    assert write_fashion_mnist(folder, images=700, seed=3) == {"train": 600, "t10k": 100}
    return files_below(folder)


@pytest.fixture(scope="module")
def sets(files):
    """Pixels in unit range and class numbers of both sets, as the decoder reads them."""
    rows = {"train": ([], []), "test": ([], [])}
    for image in decode_source(FASHION_MNIST, files).images:
        picture = Image.open(io.BytesIO(image["picture"]["bytes"]))
        rows[image["split"]][0].append(np.asarray(picture).ravel() / 255)
        rows[image["split"]][1].append(image["items"][0]["category_id"])
    return {split: (np.array(pixels), np.array(codes)) for split, (pixels, codes) in rows.items()}


def test_the_four_files_have_the_source_s_names(files):
    assert sorted(files) == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]
    assert {data[4:8] for data in files.values()} == {bytes(4)}
    assert len(gzip.decompress(files["train-images-idx3-ubyte.gz"])) == 16 + 600 * 784


def test_classes_are_equally_frequent_and_mixed(sets):
    for _, codes in sets.values():
        counts = np.bincount(codes, minlength=10)
        assert counts.max() - counts.min() <= 1
    assert sets["train"][1][:10].tolist() != list(range(10))


def test_garments_are_light_on_black_and_differ(sets):
    pixels, _ = sets["train"]
    corners = pixels.reshape(-1, 28, 28)[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 0).mean() > 0.99
    assert 0.1 < pixels.mean() < 0.4
    assert len(np.unique(pixels, axis=0)) == 599  # one picture is there twice, as in the source


def test_one_training_picture_is_in_the_test_set_too(sets):
    assert (sets["test"][0] == sets["train"][0][0]).all(axis=1).sum() == 1


def test_a_linear_model_learns_the_classes(sets):
    pixels, codes = (np.c_[sets["train"][0], np.ones(600)], sets["train"][1])
    weights = np.linalg.solve(pixels.T @ pixels + 5 * np.eye(785), pixels.T @ np.eye(10)[codes])
    guesses = (np.c_[sets["test"][0], np.ones(100)] @ weights).argmax(axis=1)
    assert (guesses == sets["test"][1]).mean() > 0.9

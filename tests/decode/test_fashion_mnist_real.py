"""The real files: both label archives, a valid subset, an archive that was really cut short."""

import gzip
import hashlib
import io

import numpy as np
import pytest
from decoded_sources import decode_source
from PIL import Image

from flows.decode.fashion_mnist import FASHION_MNIST
from flows.flatten import flatten
from flows.validate import validate_items
from schemas.errors import InputError

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
FIRST_TRAIN = [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
FIRST_TEST = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "fashion-mnist"


def files_below(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_both_published_label_files_are_known_and_read_back(folder):
    files = files_below(folder / "data")
    source = decode_source(FASHION_MNIST, files)
    codes = {"train": [], "test": []}
    for image in source.images:
        codes[image["split"]].append(image["items"][0]["category_id"])
    assert [codes["train"][:10], codes["test"][:10]] == [FIRST_TRAIN, FIRST_TEST]
    assert np.bincount(codes["train"]).tolist() == [6000] * 10
    assert np.bincount(codes["test"]).tolist() == [1000] * 10
    assert gzip.decompress(files[f"fashion/{LABELS}"])[8:] == bytes(codes["train"])


def test_the_valid_subset_is_written_back_to_the_byte(folder):
    files = files_below(folder / "subset")
    source = decode_source(FASHION_MNIST, files)
    (part,) = source.parts
    accepted, refused = validate_items(part.annotations)
    assert len(refused) == 0
    tables = flatten(accepted)
    pictures = tables["pictures"]["image"].to_pylist()
    grey = [np.asarray(Image.open(io.BytesIO(picture["bytes"]))) for picture in pictures]
    pixels = np.stack(grey)
    codes = tables["items"]["category_id"].to_numpy()
    assert pixels.tobytes() == gzip.decompress(files[IMAGES])[16:]
    assert codes.astype(np.uint8).tobytes() == gzip.decompress(files[LABELS])[8:]
    assert round(float(pixels.mean()), 5) == 72.54294
    assert int(pixels[0].astype(int).sum()) == 76247
    assert np.bincount(codes).tolist() == [335, 394, 357, 375, 357, 357, 362, 376, 342, 360]
    shas = tables["images"]["sha256"].to_pylist()
    assert shas == [hashlib.sha256(picture["bytes"]).hexdigest() for picture in pictures]


def test_the_truncated_archive_says_what_it_states_and_where_it_ends(folder):
    with pytest.raises(InputError) as caught:
        decode_source(FASHION_MNIST, files_below(folder / "truncated"))
    assert str(caught.value) == (
        f"{IMAGES} states 60,000 pictures (47,040,016 bytes), but ends after 3,615 of them and "
        "284 bytes more: it is cut short, fetch it again"
    )

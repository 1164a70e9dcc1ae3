"""IDX files into images and items: names, halves that are missing, promises that are not kept."""

import gzip
import io
import random
import struct

import numpy as np
import pytest
from decoded_sources import decode_source, listing, part_input
from PIL import Image

from flows.decode.fashion_mnist import FASHION_MNIST
from schemas.errors import InputError
from schemas.source import Document

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"


def idx(values: np.ndarray, *, count: int | None = None) -> bytes:
    """An IDX file, written by the format's description; `count` overrides the first dimension."""
    shape = (len(values) if count is None else count, *values.shape[1:])
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + values.tobytes()


def pixels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)


def labels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 10, count, np.uint8)


def pair(count: int, seed: int = 0) -> dict[str, bytes]:
    return {
        IMAGES: gzip.compress(idx(pixels(count, seed))),
        LABELS: gzip.compress(idx(labels(count, seed))),
    }


def decode(files, split=None):
    return decode_source(FASHION_MNIST, files, split)


def idx_again(images: list[dict]) -> tuple[bytes, bytes]:
    """Decoded images as the two IDX files they came from."""
    grey = [Image.open(io.BytesIO(image["picture"]["bytes"])) for image in images]
    assert {(image.mode, image.size, image.format) for image in grey} == {("L", (28, 28), "PNG")}
    codes = [image["items"][0]["category_id"] for image in images]
    return idx(np.stack([np.asarray(image) for image in grey])), idx(np.array(codes, np.uint8))


@pytest.mark.parametrize("count", [1, 2, 300])
def test_idx_files_are_written_back_to_the_byte(count):
    files = pair(count, seed=count)
    again = idx_again(decode(files).images)
    assert again == (gzip.decompress(files[IMAGES]), gzip.decompress(files[LABELS]))


def test_parts_are_runs_of_4096_images():
    source = decode({LABELS: idx(labels(4096 + 3))})
    assert [len(part.annotations) for part in source.parts] == [4096, 3]
    assert [image["image_id"] for image in source.images] == list(range(4099))
    assert source.images[-1]["file_name"] == "04098.png"


def test_one_changed_label_changes_the_stamp_of_one_part():
    def stamps(values):
        files = {LABELS: idx(values)}
        arranged = FASHION_MNIST.arrange(listing(files), None, files.__getitem__)
        return arranged.members["stamp"].to_pylist()

    before = labels(9000)
    after = before.copy()
    after[5000] = (after[5000] + 1) % 10
    assert [a == b for a, b in zip(stamps(before), stamps(after), strict=True)] == [
        True,
        False,
        True,
    ]


def test_an_image_has_a_picture_and_an_item_without_box():
    (image,) = decode({IMAGES: idx(pixels(1)), LABELS: idx(np.array([8], np.uint8))}).images
    (item,) = image.pop("items")
    picture = image.pop("picture")
    assert picture["path"] == image["file_name"] == "00000.png"
    assert image["byte_size"] == len(picture["bytes"])
    assert len(image.pop("sha256")) == 64
    assert {key: value for key, value in image.items() if value is not None} == {
        "dataset": "fashion-mnist",
        "split": "train",
        "image_id": 0,
        "document": LABELS,
        "file_name": "00000.png",
        "annotated": True,
        "width": 28,
        "height": 28,
        "format": "png",
        "byte_size": len(picture["bytes"]),
        "image_status": "ok",
    }
    assert {key: value for key, value in item.items() if value is not None} == {
        "item_no": 1,
        "document_order": 1,
        "place": "label 0",
        "category_id": 8,
        "category_name": "Bag",
        "landmarks": [],
        "polygons": [],
    }


def test_equal_pictures_have_equal_bytes():
    twice = np.repeat(pixels(1), 2, axis=0)
    first, second = decode({IMAGES: idx(twice)}).images
    assert first["sha256"] == second["sha256"]
    assert first["picture"]["bytes"] == second["picture"]["bytes"]


def test_pictures_without_labels_are_not_annotated():
    source = decode({IMAGES: idx(pixels(3))})
    assert [(image["annotated"], image["items"]) for image in source.images] == [(False, [])] * 3
    assert (source.documents_read, source.items_read) == (3, 0)


def test_labels_without_pictures_are_images_that_are_missing():
    source = decode({LABELS: idx(labels(3))})
    assert {
        (image["image_status"], image["width"], image["picture"]) for image in source.images
    } == {("missing", None, None)}
    assert (source.documents_read, source.items_read) == (3, 3)


def test_a_label_above_9_is_a_refused_item_and_its_picture_stays():
    source = decode({IMAGES: idx(pixels(3)), LABELS: idx(np.array([1, 10, 255], np.uint8))})
    assert [len(image["items"]) for image in source.images] == [1, 0, 0]
    assert source.images[2]["image_status"] == "ok"
    first, second = source.rejections
    assert (first["rule"], first["item_no"], first["image_id"]) == ("unknown_category", 1, 1)
    assert (first["file_name"], first["excerpt"]) == (LABELS, "10")
    assert second["message"] == "label 2: 255 is none of 0 to 9"


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-labels-idx1-ubyte.gz", "train"),
        ("data/fashion/train-labels-idx1-ubyte", "train"),
        ("train-labels.idx1-ubyte", "train"),
        ("FashionMNIST/raw/t10k-labels.idx1-ubyte.gz", "test"),
        ("T10K-LABELS-IDX1-UBYTE", "test"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_either_naming_in_any_folder_compressed_or_not(name, split, pack):
    source = decode({name: pack(idx(labels(2)))})
    assert [image["split"] for image in source.images] == [split] * 2


def test_both_sets_are_read_and_split_takes_one():
    files = {**pair(3), TEST_LABELS: idx(labels(2)), "README.md": b""}
    source = decode(files)
    assert [image["split"] for image in source.images] == ["test"] * 2 + ["train"] * 3
    assert source.arranged.ignored == ("README.md",)
    only = decode(files, "test")
    assert [image["split"] for image in only.images] == ["test"] * 2
    assert only.arranged.ignored == ("README.md", IMAGES, LABELS)


def test_split_names_the_only_set():
    assert decode(pair(1), "test").images[0]["split"] == "test"


def test_an_archive_and_its_unpacked_file_are_one():
    files = pair(2)
    files[LABELS.removesuffix(".gz")] = gzip.decompress(files[LABELS])
    source = decode(files)
    assert len(source.images) == 2
    assert source.arranged.ignored == (LABELS,)


def test_how_a_file_is_compressed_changes_no_stamp():
    files = pair(2)
    plain = {name.removesuffix(".gz"): gzip.decompress(data) for name, data in files.items()}
    stamps = [decode(source).arranged.members["stamp"] for source in (files, plain)]
    assert stamps[0] == stamps[1]


def test_files_that_changed_after_they_were_arranged_are_not_decoded():
    files = pair(2)
    members = FASHION_MNIST.arrange(listing(files), None, files.__getitem__).members
    with pytest.raises(InputError, match="changed while it was ingested"):
        FASHION_MNIST.decode(part_input(members, pair(2, seed=1)))
    part = part_input(members, files)
    gone = Document(LABELS, None, "unreadable", "it is not there any more")
    with pytest.raises(InputError, match="cannot be read: it is not there any more"):
        FASHION_MNIST.decode(type(part)(part.split, members, [gone], part.pictures))


def test_numbers_of_any_seed_are_read_alike_from_parts_and_from_the_whole():
    values = labels(3 * 4096 + 17, seed=random.Random(4).randrange(99))
    source = decode({LABELS: gzip.compress(idx(values))})
    codes = [image["items"][0]["category_id"] for image in source.images]
    assert codes == values.tolist()

"""IDX files into images and items: names, halves that are missing, promises that are not kept."""

import gzip
import io
import struct

import numpy as np
import pytest
from decoded_sources import arranged, decode_source, listing, part_input
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


def test_parts_are_runs_of_4096_images_and_hold_every_label():
    values = labels(3 * 4096 + 17, seed=4)
    source = decode({LABELS: gzip.compress(idx(values))})
    assert [len(part.annotations) for part in source.parts] == [4096] * 3 + [17]
    assert [image["image_id"] for image in source.images] == list(range(len(values)))
    assert source.images[4098]["file_name"] == "04098.png"
    assert [image["items"][0]["category_id"] for image in source.images] == values.tolist()


def test_a_stamp_changes_with_the_labels_of_its_part_and_not_with_the_compression():
    def stamps(files):
        return arranged(FASHION_MNIST, [listing(files)], None, files.__getitem__).members["stamp"]

    before = labels(9000)
    after = before.copy()
    after[5000] = (after[5000] + 1) % 10
    old, new = (stamps({LABELS: idx(values)}).to_pylist() for values in (before, after))
    assert [a == b for a, b in zip(old, new, strict=True)] == [True, False, True]
    packed = pair(2)
    plain = {name.removesuffix(".gz"): gzip.decompress(data) for name, data in packed.items()}
    assert stamps(packed) == stamps(plain)


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


@pytest.mark.parametrize(
    ("files", "image", "items_read"),
    [
        ({IMAGES: idx(pixels(3))}, (False, 0, "ok", 28, 28), 0),
        ({LABELS: idx(labels(3))}, (True, 1, "missing", None, None), 3),
    ],
    ids=["pictures without labels", "labels without pictures"],
)
def test_half_of_a_set_is_read(files, image, items_read):
    source = decode(files)
    assert [
        (row["annotated"], len(row["items"]), row["image_status"], row["width"], row["height"])
        for row in source.images
    ] == [image] * 3
    assert (source.documents_read, source.items_read) == (3, items_read)


def test_a_label_above_9_is_a_refused_item_and_its_picture_stays():
    source = decode({IMAGES: idx(pixels(3)), LABELS: idx(np.array([1, 10, 255], np.uint8))})
    assert [len(image["items"]) for image in source.images] == [1, 0, 0]
    assert source.images[2]["image_status"] == "ok"
    assert [(row["image_id"], row["item_no"], row["message"]) for row in source.rejections] == [
        (1, 1, "label 1: 10 is none of 0 to 9"),
        (2, 1, "label 2: 255 is none of 0 to 9"),
    ]


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

    assert decode(pair(1), "test").images[0]["split"] == "test"  # the only set


def test_an_archive_and_its_unpacked_file_count_once():
    files = pair(2)
    files[LABELS.removesuffix(".gz")] = gzip.decompress(files[LABELS])
    source = decode(files)
    assert len(source.images) == 2
    assert source.arranged.ignored == (LABELS,)


def test_files_that_changed_or_vanished_after_they_were_arranged_are_not_decoded():
    files = pair(2)
    members = arranged(FASHION_MNIST, [listing(files)], None, files.__getitem__).members
    unread = Document(LABELS, None, "unreadable", "it does not exist any more")
    for changed, why in (
        (pair(2, seed=1), "changed while it was ingested"),
        (files | {IMAGES: unread, LABELS: unread}, "cannot be read: it does not exist any more"),
    ):
        with pytest.raises(InputError, match=why):
            FASHION_MNIST.decode(part_input(members, changed))

"""IDX files that do not keep their promises are refused whole, in one sentence."""

import gzip
import struct
import zlib

import numpy as np
import pytest
from decoded_sources import decode_source

from flows.decode.fashion_mnist import FASHION_MNIST
from flows.decode.fashion_mnist import idx as fashion_mnist_idx
from schemas.errors import InputError

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
PICTURES = struct.pack(">IIII", 2051, 3, 28, 28) + bytes(range(256)) * 9 + bytes(48)
NUMBERS = struct.pack(">II", 2049, 4) + bytes((9, 0, 0, 3))


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def decode(files):
    return decode_source(FASHION_MNIST, files)


def digits(counts: list[int]) -> bytes:
    values = np.repeat(np.arange(10, dtype=np.uint8), counts)
    return struct.pack(">II", 2049, len(values)) + values.tobytes()


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        (LABELS, b"", "is not an IDX file: it starts with nothing"),
        (LABELS, b"<!DOCTYPE html>", "is not an IDX file: it starts with 3c 21 44 4f"),
        (LABELS, b"PK\3\4" + bytes(20), "is not an IDX file"),
        (LABELS, struct.pack(">II", 2050, 4), "has magic 2050: expected 2051 for pictures or 2049"),
        (LABELS, b"\0\0\x0d\1\0\0\0\1\0\0\0\0", "has magic 3329"),
        (IMAGES, PICTURES[:12], "ends within its header"),
        (LABELS, struct.pack(">II", 2049, 0), "states 0 labels: expected 1 to 80,000"),
        (LABELS, struct.pack(">II", 2049, 2**32 - 1), "states 4,294,967,295 labels"),
        (IMAGES, packed(struct.pack(">IIII", 2051, 10**6, 28, 28)), "states 1,000,000 pictures"),
        (
            IMAGES,
            packed(struct.pack(">IIII", 2051, 80_000, 28, 28) + bytes(784)),
            r"states 80,000 pictures \(62,720,016 bytes\), which its \d+ bytes cannot hold",
        ),
        (IMAGES, struct.pack(">IIII", 2051, 1, 32, 32) + bytes(1024), "has pictures of 32x32"),
        (
            LABELS,
            NUMBERS[:-1],
            r"states 4 labels \(12 bytes\), but ends after 3 of them and 0 bytes more",
        ),
        (
            IMAGES,
            PICTURES[:-1],
            r"states 3 pictures \(2,368 bytes\), but ends after 2 of them and 783",
        ),
        (LABELS, NUMBERS + b"\0", r"states 4 labels \(12 bytes\), but goes on after them"),
        (LABELS, packed(NUMBERS)[:-1], "is cut short within its checksum"),
        (LABELS, packed(NUMBERS)[:-9], "is cut short within its checksum"),
        (LABELS, packed(NUMBERS)[:6], "is an empty archive"),
        (LABELS, packed(NUMBERS)[:-8] + bytes(8), "is damaged"),
        (LABELS, packed(NUMBERS) + b"more", "is damaged"),
        (IMAGES, NUMBERS, "holds labels: it has the name of another file"),
        (LABELS, PICTURES, "holds pictures: it has the name of another file"),
    ],
)
def test_a_broken_promise_is_one_sentence(name, data, why):
    with pytest.raises(InputError, match=f"^{name} {why}") as caught:
        decode({name: data})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [packed(NUMBERS) + bytes(512), packed(NUMBERS[:9]) + packed(NUMBERS[9:])],
    ids=["zeros after an archive", "an archive of several members"],
)
def test_what_gzip_reads_is_read(data):
    assert len(decode({LABELS: data}).images) == 4


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({IMAGES: PICTURES, LABELS: NUMBERS}, f"{IMAGES} holds 3 pictures, but {LABELS} 4 labels"),
        (
            {f"a/{LABELS}": NUMBERS, f"b/{LABELS}": NUMBERS[:-1] + b"\4"},
            r"a/train.* and b/train.* hold different labels",
        ),
        ({"train.csv": b""}, "not a Fashion-MNIST source: expected train-images"),
    ],
)
def test_files_that_do_not_belong_together_are_one_sentence(files, why):
    with pytest.raises(InputError, match=why):
        decode(files)


def test_an_archive_unpacks_no_further_than_it_promises(monkeypatch):
    unpacked = []

    class Counting:
        def __init__(self, **options):
            self.stream = decompressobj(**options)

        def decompress(self, data, most):
            unpacked.append(self.stream.decompress(data, most))
            return unpacked[-1]

        def __getattr__(self, name):
            return getattr(self.stream, name)

    decompressobj = zlib.decompressobj
    monkeypatch.setattr(fashion_mnist_idx.zlib, "decompressobj", Counting)
    with pytest.raises(InputError, match="goes on after them"):
        fashion_mnist_idx.read_idx(LABELS, packed(NUMBERS + bytes(5_000_000)))
    assert sum(map(len, unpacked)) < 100


@pytest.mark.parametrize(
    "counts",
    [
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    ],
)
def test_digits_are_known_by_how_often_each_one_is_there(counts):
    with pytest.raises(InputError, match="labels of MNIST's handwritten digits"):
        decode({LABELS: digits(counts)})

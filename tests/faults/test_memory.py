"""Sources made to fill the memory, at full size: below one GiB each; `-s` prints the figures."""

import gzip
import io
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import packing
import pytest
from builders import raw_document, raw_item
from fashionai_rows import HEADER, row
from memory import measured_wardrobe
from PIL import Image

GIB = 1 << 30
EMPTY = b'{"source":"user","pair_id":1}'
Made = tuple[str, Path, int]
"""A data set, its source and the exit code of an ingest."""


def repeated(folder: Path, data: bytes, count: int, name: str) -> Path:
    """A zip that holds the same file under numbers from 1."""
    member = packing.packed("", data)
    names = [name.format(number).encode() for number in range(1, count + 1)]
    return packing.write_zip(folder / "train.zip", [replace(member, name=name) for name in names])


def annotation(folder: Path) -> Path:
    """A folder with a sound document, and room for others."""
    path = folder / "source" / "train" / "annos"
    path.mkdir(parents=True)
    (path / "000001.json").write_bytes(raw_document(raw_item()))
    return path


def sparse(path: Path, begin: bytes = b"") -> None:
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(GIB)


def blank_documents(folder: Path) -> Made:
    """600 sound documents that unpack to a thousand times their size: 1.8 GB of 1.8 MB."""
    source = repeated(folder, EMPTY + b" " * 3_000_000, 600, "train/annos/{:06}.json")
    return "deepfashion2", source, 0


def documents_of_numbers(folder: Path) -> Made:
    """Sound documents with as many points as are read, in a full part and a small one."""
    document = raw_document(raw_item(segmentation=[[0] * 99_000]))
    return "deepfashion2", repeated(folder, document, 4_295, "train/annos/{:06}.json"), 0


def documents_at_the_limit(folder: Path) -> Made:
    """Sixteen documents of 64 MiB in two parts."""
    data = EMPTY + b" " * ((64 << 20) - len(EMPTY))
    path = folder / "train.zip"
    member = packing.packed("", data)
    numbers = [*range(1, 9), *range(5_001, 5_009)]
    names = [b"train/annos/%06d.json" % number for number in numbers]
    packing.write_zip(path, [replace(member, name=name) for name in names])
    return "deepfashion2", path, 0


def deep_string(folder: Path) -> Made:
    text = b"[" * 80 + b'"' + b"x" * 50_000_000 + b'"' + b"]" * 80
    (annotation(folder) / "000002.json").write_bytes(text)
    return "deepfashion2", folder / "source", 0


def escaped_string(folder: Path) -> Made:
    text = b'{"source": "' + "\U0001f600".encode() + b"\\n" * 24_000_000 + b'", "pair_id": 1}'
    (annotation(folder) / "000002.json").write_bytes(text)
    return "deepfashion2", folder / "source", 0


def sparse_files(folder: Path) -> Made:
    annos = annotation(folder)
    sparse(annos / "000002.json")
    (annos.parent / "image").mkdir()
    sparse(annos.parent / "image" / "000001.jpg", b"\xff\xd8\xff")
    sparse(folder / "source" / "train_query.json")
    return "deepfashion2", folder / "source", 0


def list_of_nothing(folder: Path) -> Made:
    annotation(folder)
    (folder / "source" / "train_query.json").write_bytes(b"[" + b"{}," * 1_400_000 + b"{}]")
    (folder / "source" / "list_query.txt").write_bytes(b"x\n" * 30_000_000)
    return "deepfashion2", folder / "source", 0


def list_of_records(folder: Path) -> Made:
    annotation(folder)
    record = b'{"query_image_id":1,"style":1,"pair_id":1,"bbox":[0,0,1,1]},'
    text = b"[" + record * 300_000 + record[:-1] + b"]"
    (folder / "source" / "train_query.json").write_bytes(text)
    return "deepfashion2", folder / "source", 0


def padded_pictures(folder: Path) -> Made:
    """Pictures of 60 MB that unpack from 60 kB, looked at whole and kept."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    padded = buffer.getvalue() + bytes(60_000_000)
    return "deepfashion2", repeated(folder, padded, 20, "train/image/{:06}.jpg"), 0


def commas(folder: Path) -> Made:
    path = folder / "train.csv"
    path.write_bytes(HEADER.encode() + b"\n" + b",\n" * 30_000_000)
    return "fashionai", path, 2


def sparse_table(folder: Path) -> Made:
    sparse(folder / "train.csv", HEADER.encode() + b"\n")
    return "fashionai", folder / "train.csv", 2


def longest_table(folder: Path) -> Made:
    """As many sound rows as are read: three times those of all published sets."""
    chance = random.Random(5)
    path = folder / "train.csv"
    with path.open("w") as file:
        file.write(HEADER + "\n")
        for number in range(199_990):
            point = f"{chance.randrange(512)}_{chance.randrange(512)}_1"
            points = dict.fromkeys(("waistband_left", "waistband_right"), point)
            file.write(row("skirt", number, chance.choice("0123456789abcdef"), **points) + "\n")
    return "fashionai", path, 0


def idx(folder: Path, promised: int, present: int) -> None:
    head = struct.pack(">IIII", 2051, promised, 28, 28)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(head + bytes(784 * present), 9))


def million_pictures(folder: Path) -> Made:
    idx(folder, 1_000_000, 1_000_000)
    return "fashion-mnist", folder, 2


def promised_pictures(folder: Path) -> Made:
    idx(folder, 80_000, 100)
    return "fashion-mnist", folder, 2


def most_pictures(folder: Path) -> Made:
    idx(folder, 80_000, 80_000)
    return "fashion-mnist", folder, 0


CASES = [
    blank_documents, documents_of_numbers, documents_at_the_limit, deep_string, escaped_string,
    sparse_files, list_of_nothing, list_of_records, padded_pictures, commas, sparse_table,
    longest_table, million_pictures, promised_pictures, most_pictures,
]  # fmt: skip


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_an_ingest_takes_less_than_a_gibibyte(make: Callable[[Path], Made], tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    dataset, source, code = make(folder)
    words = [
        "--allow-refused",
        "train",
        "--allow-refused",
        "validation",
        "--verify-images",
        "--workers",
        2,
    ]
    words += ["--embed-images"] if make is padded_pictures else []
    done = measured_wardrobe(
        tmp_path, "ingest", dataset, source, "--lake", tmp_path / "lake", *words
    )
    print(f"\n{make.__name__}: {done.peak / 2**20:.0f} MiB, {done.seconds:.0f} s, {done.errors}")
    assert done.returncode == code, done.errors
    assert "Traceback" not in done.errors
    assert done.peak < GIB

"""Files per second from a folder and from zips, side by side in one run. Not part of the tests.

    PYTHONPATH=.:tests/support python tests/benchmarks/zips.py [--documents 20000]

Writes documents of 2.4 KB and pictures' beginnings, reads all of them by each carrier, checks that
the bytes are the same, and prints the rates and how they compare with the folder's.
"""

import argparse
import hashlib
import os
import random
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import packing
import pyarrow as pa
import pyarrow.compute as pc

from flows.storage import Location, list_members, read_heads, read_members

SECRET = b"shops and users"
PICTURE = 40_000


def documents(count: int) -> dict[str, bytes]:
    """Like annotations in size and in what deflate makes of them: mostly numbers."""
    chance = random.Random(1)
    files = {}
    for number in range(1, count + 1):
        points = ", ".join(str(chance.randrange(800)) for _ in range(470))
        files[f"annos/{number:06d}.json"] = b'{"item1": {"landmarks": [%b]}}' % points.encode()
    return files


def pictures(count: int) -> dict[str, bytes]:
    """Bytes that do not compress, as those of JPEGs do not."""
    block = random.Random(2).randbytes(2 * PICTURE)
    return {
        f"image/{number:06d}.jpg": block[number % PICTURE :][:PICTURE]
        for number in range(1, count + 1)
    }


def in_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        whole = path / "train" / name
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(data)
    return path


def carried(folder: Path, files: dict[str, bytes], aes: dict[str, bytes]) -> dict[str, Path]:
    """The same files by each carrier; AES takes a part of them, it is slow to make and to read."""
    for kind in ("deflated", "stored", "zipcrypto", "aes256"):
        (folder / kind).mkdir()
    path = "train.zip"
    return {
        "folder": in_folder(folder / "folder", files),
        "zip": packing.write_plain(folder / "deflated" / path, files),
        "zip, stored": packing.write_plain(folder / "stored" / path, files, zipfile.ZIP_STORED),
        "zip, ZipCrypto": packing.write_zipcrypto(folder / "zipcrypto" / path, files, SECRET),
        "zip, AES-256": packing.write_aes(folder / "aes256" / path, aes, SECRET),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--pictures", type=int, default=2_000)
    wanted = parser.parse_args()
    os.environ["WARDROBE_ZIP_PASSWORD"] = SECRET.decode()
    with tempfile.TemporaryDirectory() as folder:
        files = documents(wanted.documents) | pictures(wanted.pictures)
        some = dict(list(files.items())[: wanted.documents // 10])
        sources = carried(Path(folder), files, some | pictures(wanted.pictures // 10))
        compare("documents, whole", sources, ".json", read_whole, agree=wanted.documents)
        compare("pictures, first 1 KiB", sources, ".jpg", read_beginnings, agree=wanted.pictures)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def read_whole(location: Location, members: pa.Table) -> list[bytes]:
    return [document.data or b"" for document in read_members(location, members)]


def read_beginnings(location: Location, members: pa.Table) -> list[bytes]:
    return [
        head if isinstance(head, bytes) else b""
        for head in read_heads(location, members, lambda head, whole: head)
    ]


def compare(
    title: str,
    sources: dict[str, Path],
    ending: str,
    read: Callable[[Location, pa.Table], list[bytes]],
    *,
    agree: int,
) -> None:
    print(f"{title:<24}{'files':>9}{'seconds':>9}{'files/s':>9}{'CPU s':>8}{'to folder':>11}")
    rate_of_folder, digest_of_folder = None, None
    for kind, path in sources.items():
        location = Location.parse(path)
        members = list_members(location)
        members = members.filter(pc.ends_with(members["name"], ending))
        started, cpu = time.perf_counter(), time.process_time()
        found = read(location, members)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        rate = len(found) / cpu
        rate_of_folder = rate_of_folder or rate
        print(
            f"{kind:<24}{len(found):>9,}{seconds:>9.2f}{len(found) / seconds:>9,.0f}"
            f"{cpu:>8.2f}{rate / rate_of_folder:>11.2f}"
        )
        if len(found) == agree:
            digest = hashlib.sha256(b"".join(found)).hexdigest()
            digest_of_folder = digest_of_folder or digest
            if digest != digest_of_folder:
                raise SystemExit(f"{kind} gave other bytes than the folder")


if __name__ == "__main__":
    main()

"""Pictures from source to lake: what their bytes say, what is wrong with them, what is stored."""

import hashlib
import io
import os
import struct
import zlib
from collections import Counter
from pathlib import Path

import packing
import pyarrow.parquet as pq
import pytest
from ingesting import built_parts, ingested, rows_of
from PIL import Image

pytestmark = pytest.mark.slow

ORIENTATION = 0x0112


def jpeg(width: int = 60, height: int = 40, *, orientation: int | None = None) -> bytes:
    """A picture with enough in it that cutting it leaves a whole header."""
    picture = Image.effect_noise((width, height), 60).convert("RGB")
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    target = io.BytesIO()
    picture.save(target, "JPEG", exif=exif)
    return target.getvalue()


def bomb() -> bytes:
    """A PNG of a few hundred bytes that promises 2.5 gigapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


SOUND, TURNED = jpeg(), jpeg(orientation=6)
PICTURES = {
    1: SOUND,
    2: TURNED,
    3: SOUND[:-900],
    4: b"<html>404 Not Found</html>",
    5: b"",
    6: bomb(),
    7: SOUND[:100],
}
PICTURE_ROWS = [
    (1, 60, 40, None, "ok"),
    (2, 60, 40, 6, "ok"),
    (3, 60, 40, None, "ok"),
    (4, None, None, None, "not_a_picture"),
    (5, None, None, None, "unreadable"),
    (6, None, None, None, "too_large"),
    (7, None, None, None, "unreadable"),
]
COLUMNS = "image_id, width, height, orientation, image_status"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    pictures = tmp_path_factory.mktemp("pictures") / "train" / "image"
    pictures.mkdir(parents=True)
    for number, data in PICTURES.items():
        (pictures / f"{number:06d}.jpg").write_bytes(data)
    return pictures.parents[1]


def test_headers_tell_size_orientation_and_status_and_verifying_finds_what_was_cut(
    folder, tmp_path
):
    lake = tmp_path / "lake"
    ingested("deepfashion2", folder, lake, strict=True)
    assert rows_of(lake, f"select {COLUMNS} from images order by 1") == PICTURE_ROWS
    sizes = rows_of(lake, "select byte_size, sha256 from images order by image_id")
    assert sizes == [(len(data), None) for data in PICTURES.values()]

    ingested("deepfashion2", folder, lake, verify_images=True)
    rows = rows_of(lake, f"select {COLUMNS} from images order by 1")
    cut = (3, 60, 40, None, "unreadable")
    assert rows == [*PICTURE_ROWS[:2], cut, *PICTURE_ROWS[3:]]
    hashes = rows_of(lake, "select sha256 from images order by image_id")
    assert hashes == [(hashlib.sha256(data).hexdigest(),) for data in PICTURES.values()]
    assert rows_of(lake, "select count(*) from rejections") == [(0,)]


@pytest.mark.parametrize("options", [{}, {"verify_images": True, "embed_images": True}])
def test_zips_tell_the_same_of_broken_pictures(options, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", "secret")
    files = {f"train/image/{number:06d}.jpg": data for number, data in PICTURES.items()}
    (tmp_path / "plain").mkdir()
    places = {
        "folder": folder,
        "zip": packing.write_plain(tmp_path / "plain" / "train.zip", files),
        "locked": packing.write_zipcrypto(tmp_path / "train.zip", files, b"secret"),
    }
    built = {}
    for kind, place in places.items():
        (receipt,) = built_parts("deepfashion2", place, tmp_path / f"parts-{kind}", **options)
        built[kind] = (receipt.files, receipt.counts)
    assert built["folder"] == built["zip"] == built["locked"]
    assert built["folder"][1]["images"] == len(PICTURES)


def test_only_pictures_that_can_be_shown_are_embedded(folder, tmp_path):
    ingested("deepfashion2", folder, tmp_path / "lake", verify_images=True, embed_images=True)
    rows = rows_of(
        tmp_path / "lake", "select image_id, image.path, image.bytes from pictures order by 1"
    )
    assert rows == [(1, "000001.jpg", SOUND), (2, "000002.jpg", TURNED)]


@pytest.mark.parametrize("verify", [False, True])
def test_embedding_reads_each_picture_once(verify, folder, tmp_path, monkeypatch):
    opened, open_file = Counter(), os.open

    def count(path, *arguments, **more):
        opened[Path(path).name] += str(path).endswith(".jpg")
        return open_file(path, *arguments, **more)

    monkeypatch.setattr(os, "open", count)
    ingested("deepfashion2", folder, tmp_path / "lake", verify_images=verify, embed_images=True)
    monkeypatch.undo()
    pictures = {name: times for name, times in opened.items() if times}
    assert pictures == {f"{number:06d}.jpg": 1 for number in PICTURES}
    rows = rows_of(tmp_path / "lake", f"select {COLUMNS} from images order by 1")
    assert rows[3:] == PICTURE_ROWS[3:]
    stored = "select image_id, image.bytes from pictures order by 1"
    shown = [number for number in (1, 2, 3) if not verify or number != 3]
    assert rows_of(tmp_path / "lake", stored) == [(number, PICTURES[number]) for number in shown]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory) -> Path:
    """The `pictures` file of 250 pictures that were embedded."""
    folder = tmp_path_factory.mktemp("embedded")
    pictures = folder / "source" / "train" / "image"
    pictures.mkdir(parents=True)
    data = jpeg(16, 16)
    for number in range(1, 251):
        (pictures / f"{number:06d}.jpg").write_bytes(data)
    built_parts("deepfashion2", folder / "source", folder / "parts", embed_images=True)
    return next((folder / "parts" / "pictures").rglob("*.parquet"))


def test_embedded_pictures_are_in_row_groups_of_a_hundred(embedded):
    with pq.ParquetFile(embedded) as file:
        groups = [file.metadata.row_group(number).num_rows for number in range(3)]
        assert groups == [100, 100, 50] and file.num_row_groups == 3


def test_embedded_pictures_open_in_hugging_face_datasets(embedded, tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_parquet(str(embedded), cache_dir=str(tmp_path))
    rows = rows.cast_column("image", datasets.Image())
    assert (len(rows), rows[249]["image_id"], rows[249]["image"].size) == (250, 250, (16, 16))

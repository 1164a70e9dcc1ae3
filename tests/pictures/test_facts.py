"""Facts of pictures from their first bytes; no input raises."""

import io
import os
import random
import struct

import pytest
from encoded_pictures import EPS, encoded, png_header
from PIL import Image

from flows.pictures import PictureFacts, decode_picture, facts, probe, verify
from flows.pictures.open import FORMATS, MOST_PIXELS, MOST_SCANS
from schemas.images import IMAGES
from schemas.vocabulary import IMAGE_STATUSES

TIMES = int(os.environ.get("WARDROBE_FUZZ", "1500"))


JPEGS = {
    "plain": encoded(),
    "grey": encoded(mode="L"),
    "cmyk": encoded(mode="CMYK"),
    "progressive": encoded(progressive=True),
    "no subsampling": encoded(subsampling=0, quality=95),
    "icc": encoded(icc_profile=b"\0" * 70_000),
    "comment": encoded(comment=b"shot in a shop" * 400),
    "wide": encoded(size=(3000, 2)),
}


@pytest.mark.parametrize("name", JPEGS)
def test_the_short_way_through_a_jpeg_agrees_with_pillow(name, monkeypatch):
    quick = probe(JPEGS[name], True)
    assert facts._plain_jpeg(JPEGS[name]) == quick
    monkeypatch.setattr(facts, "_plain_jpeg", lambda head: None)
    assert probe(JPEGS[name], True) == quick == verify(JPEGS[name])


@pytest.mark.parametrize(
    ("kind", "orientation", "recorded"),
    [
        *((kind, None, None) for kind in ("PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG")),
        *((kind, n, n) for kind in ("JPEG", "PNG", "WEBP", "TIFF") for n in (1, 6, 8)),
        *(("JPEG", n, None) for n in (0, 9, 300)),
    ],
)
def test_format_and_orientation_are_recorded_and_the_stored_size_kept(kind, orientation, recorded):
    data = encoded(kind, orientation=orientation)
    facts = PictureFacts(40, 30, recorded, kind.lower(), "ok")
    assert probe(data, True) == verify(data) == facts
    assert decode_picture(data).size == (40, 30)


@pytest.mark.parametrize("data", [*JPEGS.values(), encoded("PNG"), encoded("JPEG", orientation=6)])
def test_a_probe_asks_for_more_until_it_knows(data):
    answers = [probe(data[:length], False) for length in range(0, min(len(data), 800), 7)]
    known = [answer for answer in answers if answer is not None]
    assert all(answer == probe(data, True) for answer in known)
    assert probe(data[:10], False) is None
    assert probe(data, False) == probe(data, True)


@pytest.mark.parametrize(
    ("data", "status", "kind"),
    [
        (b"", "unreadable", None),
        (b"\xff\xd8\xff", "unreadable", None),
        (JPEGS["plain"][:100], "unreadable", None),
        (b"hello, world", "not_a_picture", None),
        (b"{}", "not_a_picture", None),
        (EPS, "not_a_picture", None),
        (png_header(60_000, 60_000), "too_large", None),
        (png_header(10_000, 10_000), "too_large", "png"),
        (png_header(40, 30)[:20], "unreadable", None),
        (JPEGS["plain"].replace(struct.pack(">HH", 30, 40), b"\xff\xff" * 2), "too_large", None),
    ],
)
def test_what_is_no_good_picture_is_a_status(data, status, kind):
    assert probe(data, True) == PictureFacts(None, None, None, kind, status)
    assert verify(data).image_status == status


def test_only_a_full_decoding_finds_pixels_cut_short():
    data = encoded(size=(400, 300), quality=95)
    cut = data[: len(data) // 2]
    assert probe(cut, True).image_status == "ok"
    assert verify(cut) == PictureFacts(400, 300, None, "jpeg", "unreadable")


@pytest.mark.slow
def test_a_picture_too_large_to_decode_warns_nobody():
    for size, status in (((9459, 9459), "ok"), ((9460, 9460), "too_large")):
        file = io.BytesIO()
        Image.new("1", size).save(file, "PNG")
        assert probe(file.getvalue(), True).image_status == status


@pytest.mark.parametrize("seed", range(4))
def test_no_bytes_stop_a_probe(seed):
    rng = random.Random(seed)
    turned = (("JPEG", 6), ("TIFF", 3), ("WEBP", 6), ("PNG", 5))
    sound = [*JPEGS.values(), *(encoded(kind) for kind in ("PNG", "GIF", "BMP"))]
    sound += [encoded(kind, orientation=orientation) for kind, orientation in turned]
    for _ in range(TIMES // 16):
        data = bytearray(rng.choice(sound)[: rng.choice((200, 2000, 100_000))])
        for _ in range(rng.randint(1, 12)):
            data[rng.randrange(min(len(data), 700))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        for answer in (probe(bytes(data), True), verify(bytes(data))):
            assert answer.image_status in IMAGE_STATUSES
            assert answer.image_status != "ok" or (answer.width and answer.height and answer.format)
        partial = probe(bytes(data), False)
        assert partial is None or partial.image_status in ("ok", "too_large")


def test_the_real_pictures_have_their_known_sizes(real_data):
    folder = real_data / "deepfashion2" / "train" / "image"
    sizes = {"000001.jpg": (468, 624), "000264.jpg": (750, 750), "000265.jpg": (750, 750)}
    for name, size in sizes.items():
        data = (folder / name).read_bytes()
        assert probe(data[:4096], False) == PictureFacts(*size, None, "jpeg", "ok") == verify(data)


def test_the_limits_are_documented():
    documentation = {field.name: field.metadata[b"doc"].decode() for field in IMAGES.schema}
    assert f"{MOST_PIXELS:,} pixels" in documentation["image_status"]
    assert f"{MOST_SCANS} scans" in documentation["image_status"]
    assert all(f"`{name.lower()}`" in documentation["format"] for name in FORMATS)

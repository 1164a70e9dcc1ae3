"""Which files are opened as pictures, within which limits, and what the others are called."""

import io
import subprocess
import time

import numpy as np
import pytest
from encoded_pictures import EPS, encoded
from PIL import Image

from flows.exports.training.options import TrainingOptions
from flows.exports.training.pictures import prepare
from flows.pictures import PictureError, decode_picture, open_picture, probe, verify


def with_scans(count: int, size=(64, 48)) -> bytes:
    """A progressive JPEG of this many scans: its last one is repeated."""
    data = encoded("JPEG", size, progressive=True)
    last = data.rindex(b"\xff\xda")
    missing = count - data.count(b"\xff\xda")
    return data[:-2] + data[last:-2] * missing + b"\xff\xd9"


@pytest.mark.parametrize("kind", ["EPS", "BLP", "AVIF", "PPM", "ICO", "JPEG2000"])
def test_other_formats_are_not_pictures_and_start_no_program(kind, monkeypatch):
    def refuse(*command, **options):
        raise AssertionError(f"started {command}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    data = EPS if kind == "EPS" else encoded(kind, mode="P" if kind == "BLP" else "RGB")
    with pytest.raises(PictureError, match="not one of JPEG, PNG, WEBP, GIF, BMP, TIFF") as error:
        decode_picture(data)
    assert error.value.image_status == "not_a_picture"
    assert verify(data).image_status == probe(data, True).image_status == "not_a_picture"
    with pytest.raises(PictureError):
        prepare(data, TrainingOptions("detection", size=8))


def test_a_jpeg_of_a_hundred_scans_is_decoded_and_of_one_more_refused():
    assert verify(with_scans(100)).image_status == "ok"
    assert verify(with_scans(101)) == (64, 48, None, "jpeg", "too_large")
    with pytest.raises(PictureError, match="more than 100 scans"):
        decode_picture(with_scans(101))


def test_twenty_thousand_scans_take_no_time():
    data = with_scans(20_000, (400, 400))
    started = time.process_time()
    assert verify(data).image_status == "too_large"
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "data",
    [encoded(comment=b"\xff\xda" * 5_000), encoded() + b"\xff\xda" * 5_000],
    ids=["in a comment", "after the end"],
)
def test_only_scans_that_are_decoded_are_counted(data):
    assert data.count(b"\xff\xda") > 100
    assert verify(data).image_status == "ok"


@pytest.mark.parametrize("filler", [b"\xff", b"\xff\xff\xff", b"\0\0", b"\xff\xd0"])
def test_bytes_between_scans_do_not_hide_them(filler):
    data = with_scans(150).replace(b"\xff\xda", filler + b"\xff\xda")
    assert verify(data).image_status == "too_large"


def test_a_picture_of_too_many_pixels_is_refused_before_its_pixels_are_decoded():
    file = io.BytesIO()
    Image.new("1", (9460, 9460)).save(file, "PNG")
    with pytest.raises(PictureError, match="more than 89,478,485 pixels"):
        open_picture(file.getvalue())


def test_an_error_is_one_sentence_without_addresses():
    for data in (b"", b"\xff\xd8\xff", b"GIF8", encoded("PNG")[:60], encoded("JPEG")[:300]):
        with pytest.raises(PictureError) as error:
            decode_picture(data)
        assert error.value.image_status == "unreadable"
        assert "0x" not in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_tiff_gives_its_stored_pixels(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.random.default_rng(3).integers(0, 255, (30, 40, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "TIFF", exif=exif.tobytes())
    picture = decode_picture(file.getvalue())
    np.testing.assert_array_equal(np.asarray(picture), pixels)
    assert verify(file.getvalue()) == (40, 30, orientation, "tiff", "ok")
    assert picture.getexif().get(0x0112) == orientation
    with Image.open(file) as turned:  # what Pillow makes of it without us
        assert orientation == 1 or not np.array_equal(np.asarray(turned), pixels)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "I;16"), ("TIFF", "F"), ("PNG", "LA")])
def test_unusual_modes_become_rgb_or_are_refused_in_a_sentence(kind, mode):
    file = io.BytesIO()
    Image.new(mode, (40, 30)).save(file, kind)
    try:
        prepared = prepare(file.getvalue(), TrainingOptions("detection", size=20))
    except PictureError:
        return
    assert prepared is not None and (prepared.width, prepared.height) == (20, 15)

"""Crops: the pixels that the whole picture gives, from a JPEG that is decoded in part."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from flows.pictures import PictureError, crop_picture, open_picture
from flows.pictures import crop as crop_module

WIDTH, HEIGHT = 203, 611
REGIONS = [(20.5, 3, 180, 250.2), (0, 100, 60, 431), (50, 560, 203, 900), (10, 8, 30, 9)]
FORMS: list[dict] = [
    {"subsampling": 0},
    {"subsampling": 1},
    {"subsampling": 2},
    {"subsampling": 2, "progressive": True},
    {"subsampling": 1, "restart_marker_rows": 2},
]


def picture() -> Image.Image:
    """Smooth colours with noise, which changes with every row."""
    random = np.random.default_rng(5)
    rough = Image.fromarray(random.integers(0, 255, (HEIGHT // 9, WIDTH // 9, 3), np.uint8))
    pixels = np.asarray(rough.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(int)
    noisy = pixels + random.integers(-20, 20, (HEIGHT, WIDTH, 1))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, **options) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=85, **options)
    return file.getvalue()


def crops(data: bytes, **options) -> list[np.ndarray]:
    done = [crop_picture(open_picture(data), region=region, **options) for region in REGIONS]
    return [np.asarray(pixels) for pixels, _ in filter(None, done)]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("size", [None, (96, 128), (24, 32), (12, 12), (400, 900)], ids=str)
def test_a_crop_has_the_pixels_that_the_whole_picture_gives(form, mode, size, monkeypatch):
    image = picture() if mode == "RGB" else picture().convert("L")
    data = jpeg(image, exif=Image.Exif(), **form)
    for resample in (Image.Resampling.BILINEAR, Image.Resampling.LANCZOS):
        decoded_in_part = crops(data, size=size, mode=mode, resample=resample)
        with monkeypatch.context() as patch:
            patch.setattr(crop_module, "stop_below", lambda image, bottom: None)
            decoded_whole = crops(data, size=size, mode=mode, resample=resample)
        assert len(decoded_in_part) == len(REGIONS)
        for part, whole in zip(decoded_in_part, decoded_whole, strict=True):
            assert np.array_equal(part, whole)


def test_rows_below_a_crop_are_not_decoded():
    """Bytes of the lower half are replaced by an end of the picture."""
    data = jpeg(picture())
    half = data[: len(data) // 2]
    region = (10, 10, 190, 200)
    cropped = crop_picture(open_picture(half), region=region, size=(96, 128))
    assert cropped is not None
    expected = crop_picture(open_picture(data), region=region, size=(96, 128))
    assert expected is not None
    assert np.array_equal(np.asarray(cropped[0]), np.asarray(expected[0]))
    with pytest.raises(PictureError):
        crop_picture(open_picture(half), region=(10, 10, 190, 500), size=(96, 128))


def test_a_crop_of_a_picture_with_an_orientation_is_of_its_stored_pixels():
    exif = Image.Exif()
    exif[0x0112] = 6
    for cropped, plain in zip(
        crops(jpeg(picture(), exif=exif), size=(48, 64)),
        crops(jpeg(picture()), size=(48, 64)),
        strict=True,
    ):
        assert np.array_equal(cropped, plain)

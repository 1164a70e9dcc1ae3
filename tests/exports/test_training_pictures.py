"""Pictures in a training set: unchanged where they can be, moved together with their numbers."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from flows.exports.training.options import TrainingOptions
from flows.exports.training.pictures import prepare
from flows.pictures import PictureError


def picture(width=64, height=48, kind="JPEG", mode="RGB", **how) -> bytes:
    """Red in the left half, blue in the right."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    out = BytesIO()
    image.convert(mode).save(out, kind, **how)
    return out.getvalue()


def opened(prepared) -> Image.Image:
    return Image.open(BytesIO(prepared.data))


@pytest.mark.parametrize("size", [None, 64, 1000])
def test_bytes_go_in_unchanged_when_nothing_is_asked_of_them(size):
    data = picture()
    prepared = prepare(data, TrainingOptions("detection", size=size))
    assert prepared.data == data
    assert (prepared.ending, prepared.width, prepared.height) == (".jpg", 64, 48)
    assert prepared.transform.apply(np.array([[3.5, 4.0]])).tolist() == [[3.5, 4.0]]


@pytest.mark.parametrize(("width", "height"), [(64, 48), (48, 64), (1000, 3)])
def test_the_longest_side_is_the_size_and_points_shrink_along(width, height):
    prepared = prepare(picture(width, height), TrainingOptions("detection", size=32))
    assert max(opened(prepared).size) == 32
    assert opened(prepared).size == (prepared.width, prepared.height)
    corner = prepared.transform.apply(np.array([[width, height]], float))
    assert corner.tolist() == [[prepared.width, prepared.height]]


def test_a_region_is_cut_out_and_points_move_along():
    options = TrainingOptions("detection", crop_items=True, picture_format="png")
    prepared = prepare(picture(kind="PNG"), options, (30.4, 10.0, 40.2, 20.0))
    assert prepared.transform[:2] == (30, 10)
    assert opened(prepared).size == (11, 10)
    assert opened(prepared).getpixel((1, 5)) == (255, 0, 0)
    assert opened(prepared).getpixel((2, 5)) == (0, 0, 255)
    assert prepared.transform.apply(np.array([[32.0, 10.0]])).tolist() == [[2.0, 0.0]]


def test_a_region_is_cut_at_the_edges_of_the_picture():
    options = TrainingOptions("detection", crop_items=True)
    prepared = prepare(picture(), options, (-5.0, -5.0, 10.0, 1000.0))
    assert prepared.transform[:2] == (0, 0)
    assert (prepared.width, prepared.height) == (10, 48)


def test_cutting_and_shrinking_at_once_is_as_cutting_and_then_shrinking():
    data = picture(640, 480)
    region = (300.0, 100.0, 420.0, 340.0)
    prepared = prepare(data, TrainingOptions("detection", size=60, crop_items=True), region)
    assert (prepared.width, prepared.height) == (30, 60)
    # The border between red and blue is at x 320.
    (border,) = prepared.transform.apply(np.array([[320.0, 220.0]])).tolist()
    assert border == [5.0, 30.0]
    row = np.asarray(opened(prepared).convert("RGB"))[30]
    assert row[3][0] > 200 > row[6][0] and row[6][2] > 200 > row[3][2]


def test_a_region_outside_of_the_picture_is_no_picture():
    options = TrainingOptions("detection", crop_items=True)
    assert prepare(picture(), options, (70.0, 10.0, 80.0, 20.0)) is None
    assert prepare(picture(), options, (10.0, 10.0, 10.0, 20.0)) is None


@pytest.mark.parametrize("orientation", [3, 6])
def test_an_orientation_goes_and_the_stored_pixels_stay(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    prepared = prepare(picture(exif=exif), TrainingOptions("detection"))
    assert opened(prepared).size == (64, 48)
    assert opened(prepared).getexif() == {}


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
@pytest.mark.parametrize(("kind", "ending"), [("jpeg", ".jpg"), ("png", ".png"), ("webp", ".webp")])
def test_every_kind_of_picture_can_be_written_as_every_format(mode, kind, ending):
    prepared = prepare(
        picture(mode=mode), TrainingOptions("detection", size=32, picture_format=kind)
    )
    assert (opened(prepared).format, prepared.ending) == (kind.upper(), ending)
    assert opened(prepared).mode in ("L", "RGB")


def test_a_picture_of_another_kind_becomes_one_that_readers_know():
    prepared = prepare(picture(kind="BMP"), TrainingOptions("detection"))
    assert opened(prepared).format == "PNG"


@pytest.mark.parametrize("cut", [0, 10, 300])
def test_half_a_picture_is_told_when_it_has_to_be_decoded(cut):
    with pytest.raises(PictureError):
        prepare(picture()[:cut], TrainingOptions("detection", size=16))


def test_retrieval_is_always_of_items():
    assert TrainingOptions("retrieval").crop_items

"""Landmarks stay on what they mark: dots drawn at landmarks, found again after feed and export.

The same pixels as JPEG, which is decoded at a scale, and as PNG, which is not. Sizes that 8 does
not divide, because a scaled JPEG's size is rounded up.
"""

import io
from pathlib import Path

import numpy as np
import pytest
from builders import raw_document, raw_item
from ingesting import ingested
from PIL import Image
from training_shards import read_shards

from flows.exports.training.options import TrainingOptions
from flows.exports.training.pictures import prepare
from flows.feed import Feed
from flows.lake import Lake
from flows.pipelines.export_training import export_training
from schemas.categories import CATEGORIES

pytestmark = pytest.mark.slow

SIZES = ((1609, 1609), (1001, 1333), (1607, 803))
GRID = 5
"""Dots per side: 25 landmarks, as category 1 has them."""

MOST_BIAS = 0.1
"""Pixels of the output, mean over the dots of a picture; for a single dot twice as much."""


def centres(width: int, height: int) -> np.ndarray:
    """Where the dots are, off the pixel grid, row by row: (25, 2)."""
    steps = (np.arange(GRID) + 0.5) / GRID
    x, y = np.meshgrid(steps * width, steps * height)
    shift = np.random.default_rng(width).uniform(-2, 2, (GRID * GRID, 2))
    return np.column_stack([x.ravel(), y.ravel()]) + shift


def dotted(width: int, height: int) -> Image.Image:
    """Bright round dots on black; a pixel's centre is at its number and a half."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    spread = 2 * (max(width, height) / 160) ** 2
    pixels = np.zeros((height, width))
    for dot_x, dot_y in centres(width, height):
        left, top = max(int(dot_x) - 90, 0), max(int(dot_y) - 90, 0)
        box = np.s_[top : top + 180, left : left + 180]
        distance = (x[box] - dot_x) ** 2 + (y[box] - dot_y) ** 2
        pixels[box] += 220 * np.exp(-distance / spread)
    return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8)).convert("RGB")


def errors(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Each dot's centre of mass in the picture minus its landmark: (25, 2) in pixels."""
    grey = picture.mean(axis=2)
    gap = np.diff(np.unique(points[:, 0].round())).max() / 4, points[GRID, 1] - points[0, 1]
    reach_x, reach_y = max(gap[0], 2), max(gap[1] / 3, 2)
    found = []
    for x, y in points:
        left, top = max(int(x - reach_x), 0), max(int(y - reach_y), 0)
        part = grey[top : int(y + reach_y) + 1, left : int(x + reach_x) + 1]
        part = np.where(part > 10, part, 0)
        rows, columns = np.mgrid[0 : part.shape[0], 0 : part.shape[1]] + 0.5
        mass = part.sum()
        found.append(((part * columns).sum() / mass + left, (part * rows).sum() / mass + top))
    return np.array(found) - points


def agree(picture: np.ndarray, points: np.ndarray, case: object) -> None:
    off = errors(picture, points)
    assert np.abs(off.mean(axis=0)).max() < MOST_BIAS, (case, off.mean(axis=0))
    assert np.abs(off).max() < 2 * MOST_BIAS, (case, off)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    """A lake of dotted pictures: each size as JPEG and as PNG bytes, one item with 25 landmarks."""
    folder = tmp_path_factory.mktemp("dots")
    for name in ("image", "annos"):
        (folder / "source" / "train" / name).mkdir(parents=True)
    number = 0
    for width, height in SIZES:
        for kind, options in (("JPEG", {"quality": 92}), ("PNG", {"compress_level": 1})):
            number += 1
            file = io.BytesIO()
            dotted(width, height).save(file, kind, **options)
            (folder / f"source/train/image/{number:06d}.jpg").write_bytes(file.getvalue())
            points = centres(width, height).round(3).tolist()
            item = raw_item(
                1,
                bounding_box=[31, 17, width - 43, height - 29],
                landmarks=[value for point in points for value in (*point, 2)],
                segmentation=[],
            )
            document = raw_document(item, source="shop", pair_id=number)
            (folder / f"source/train/annos/{number:06d}.json").write_bytes(document)
    ingested("deepfashion2", folder / "source", folder / "lake", strict=True)
    return folder / "lake"


@pytest.mark.parametrize("crop", [None, "items"])
@pytest.mark.parametrize("fit", ["stretch", "pad"])
@pytest.mark.parametrize("size", [(320, 320), (400, 402), (192, 256), None])
def test_the_feed_keeps_landmarks_on_their_dots(lake, tmp_path, crop, fit, size):
    feed = Feed(
        lake, "deepfashion2", "train", task="landmarks", crop=crop, fit=fit, size=size,
        margin=0.013, cache=tmp_path,
    )  # fmt: skip
    assert len(feed) == 2 * len(SIZES)
    for sample in feed:
        points = sample["landmarks"] if crop else sample["landmarks"][0]
        agree(sample["image"], points[:, :2], (sample["image_id"], crop, fit, size))


@pytest.mark.parametrize("crop", [None, "items"])
def test_a_mirrored_sample_keeps_landmarks_on_their_dots(lake, tmp_path, crop):
    feed = Feed(
        lake, "deepfashion2", "train", task="landmarks", crop=crop, size=(400, 402), flip=1,
        margin=0.013, cache=tmp_path,
    )  # fmt: skip
    partners = np.array(CATEGORIES["deepfashion2"][0].partners) - 1
    for place in range(len(feed), 2 * len(feed)):
        sample = feed[place]
        points = sample["landmarks"] if crop else sample["landmarks"][0]
        agree(sample["image"], points[partners, :2], (sample["image_id"], crop))


@pytest.mark.parametrize("crop_items", [False, True])
@pytest.mark.parametrize("size", [320, 400, 256, None])
def test_an_export_keeps_landmarks_on_their_dots(lake, tmp_path, crop_items, size):
    options = TrainingOptions("landmarks", size=size, crop_items=crop_items, picture_format="png")
    export_training(
        Lake(lake).release(), "deepfashion2", split="train", output=tmp_path, options=options,
        run=map,
    )  # fmt: skip
    rows = read_shards(tmp_path, "train")
    assert len(rows) == 2 * len(SIZES)
    for row in rows:
        points = row["landmarks"] if crop_items else row["landmarks"][0]
        agree(row["image"], np.array(points)[:, :2], (row["image_id"], crop_items, size))


def test_feed_and_export_cut_the_same_region(lake, tmp_path):
    feed = Feed(
        lake, "deepfashion2", "train", task="landmarks", crop="items", margin=0.013, cache=tmp_path
    )
    width, height = SIZES[0]
    data = (lake.parent / "source/train/image/000002.jpg").read_bytes()
    x1, y1, x2, y2 = 31, 17, width - 43, height - 29
    aside, above = (x2 - x1) * 0.013, (y2 - y1) * 0.013
    prepared = prepare(
        data,
        TrainingOptions("landmarks", crop_items=True, picture_format="png"),
        (x1 - aside, y1 - above, x2 + aside, y2 + above),
    )
    with Image.open(io.BytesIO(prepared.data)) as exported:
        np.testing.assert_array_equal(feed[1]["image"], np.asarray(exported))
    assert feed[1]["frame"].tolist() == list(prepared.transform)

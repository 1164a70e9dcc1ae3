"""Cloth, grain and light: the textures of the painted samples, made once per process."""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

_TILE = 1400


def _grey(array: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8), "L")


@lru_cache(maxsize=16)
def pattern_tile(pattern: str) -> Image.Image:
    """A grey tile: mid grey is the fabric's own colour, darker and lighter its variations."""
    tile = Image.new("L", (_TILE, _TILE), 128)
    draw = ImageDraw.Draw(tile)
    if pattern == "stripes":
        for y in range(0, _TILE, 34):
            draw.rectangle((0, y, _TILE, y + 15), fill=226)
    elif pattern == "pinstripes":
        for x in range(0, _TILE, 16):
            draw.line((x, 0, x, _TILE), fill=205, width=2)
    elif pattern == "checks":
        for start in range(0, _TILE, 44):
            draw.rectangle((0, start, _TILE, start + 13), fill=88)
        across = Image.new("L", tile.size, 255)
        drawn = ImageDraw.Draw(across)
        for start in range(0, _TILE, 44):
            drawn.rectangle((start, 0, start + 13, _TILE), fill=176)
        tile = ImageChops.multiply(tile, across)
    elif pattern == "dots":
        for row, y in enumerate(range(0, _TILE, 22)):
            for x in range((row % 2) * 13, _TILE, 26):
                draw.ellipse((x, y, x + 7, y + 7), fill=232)
    elif pattern == "print":
        flowers = Random(3)
        for _ in range(1500):
            x, y = flowers.randrange(_TILE), flowers.randrange(_TILE)
            shade = flowers.choice((225, 205, 70, 60))
            for dx, dy in ((0, -6), (6, 0), (0, 6), (-6, 0)):
                draw.ellipse((x + dx - 5, y + dy - 5, x + dx + 5, y + dy + 5), fill=shade)
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=140)
    return tile.filter(ImageFilter.GaussianBlur(0.6))


@lru_cache(maxsize=1)
def folds_tile() -> Image.Image:
    """Soft, mostly vertical light and shade."""
    generator = np.random.Generator(np.random.PCG64(5))
    tall = _grey(generator.normal(225, 42, (7, 26))).resize(
        (_TILE, _TILE), Image.Resampling.BICUBIC
    )
    wide = _grey(generator.normal(235, 26, (26, 12))).resize(
        (_TILE, _TILE), Image.Resampling.BICUBIC
    )
    return ImageChops.multiply(tall, wide)


@lru_cache(maxsize=1)
def grain_tile() -> Image.Image:
    """A sensor's noise around mid grey."""
    generator = np.random.Generator(np.random.PCG64(6))
    return _grey(generator.normal(128, 3.2, (_TILE, _TILE)))


def _cut(tile: Image.Image, size: tuple[int, int], rng: Random) -> Image.Image:
    width, height = size
    if width > tile.width or height > tile.height:
        return tile.resize(size)
    left, top = rng.randrange(tile.width - width + 1), rng.randrange(tile.height - height + 1)
    return tile.crop((left, top, left + width, top + height))


def fabric(
    colour: tuple[int, int, int], pattern: str, size: tuple[int, int], rng: Random
) -> Image.Image:
    """Cloth of a colour and pattern, with folds."""
    dark = tuple(int(channel * 0.35) for channel in colour)
    light = tuple(channel + int((255 - channel) * 0.75) for channel in colour)
    cloth = ImageOps.colorize(_cut(pattern_tile(pattern), size, rng), dark, light, mid=colour)
    folds = _cut(folds_tile(), size, rng)
    return ImageChops.multiply(cloth, Image.merge("RGB", (folds,) * 3))


def grain(picture: Image.Image, rng: Random) -> Image.Image:
    """A sensor's noise over the whole picture."""
    noise = _cut(grain_tile(), picture.size, rng)
    return ImageChops.add(picture, Image.merge("RGB", (noise,) * 3), offset=-128)


def tint(picture: Image.Image, rng: Random) -> Image.Image:
    """A telephone's white balance and exposure."""
    light = tuple(rng.randint(208, 255) for _ in range(3))
    return ImageChops.multiply(picture, Image.new("RGB", picture.size, light))

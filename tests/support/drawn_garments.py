"""Pictures to learn from: skirts with eight landmarks, products known by their stripes."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw
from releases import Row, image, item, png


def skirt(number: int, width: int = 64, height: int = 80) -> Row:
    """An image with one skirt somewhere on a noisy ground; landmarks stand at its corners.

    The order is the category's: waist left, centre, right; left seam; hem left, centre, right;
    right seam.
    """
    random = np.random.default_rng(number)
    across, down = width * random.uniform(0.35, 0.55), height * random.uniform(0.4, 0.6)
    x, y = random.uniform(0.15, 0.4) * width, random.uniform(0.15, 0.35) * height
    waist, half = across * 0.3, across / 2
    middle = x + half
    points = [
        (middle - waist, y),
        (middle, y + down * 0.05),
        (middle + waist, y),
        (middle + waist * 1.3, y + down / 2),
        (x + across, y + down),
        (middle, y + down * 1.05),
        (x, y + down),
        (middle - waist * 1.3, y + down / 2),
    ]
    ground = random.normal(90, 12, (height, width, 3)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(ground)
    colour = tuple(int(c) for c in random.integers(150, 255, 3))
    ImageDraw.Draw(picture).polygon(points, fill=colour)
    out = BytesIO()
    picture.save(out, "JPEG", quality=90)
    ordered = points[:3] + points[:2:-1]  # down the left side and up the right one
    box = (x, y, x + across, y + down * 1.05)
    thing = item(9, box=box, landmarks=[(px, py, 2) for px, py in ordered], polygons=[])
    return image(number, thing, width=width, height=height, picture=out.getvalue())


def product(number: int, pair_id: int, source: str, size: int = 32) -> Row:
    """A photo of one product: its stripes are the product's, the light is the photo's."""
    own = np.random.default_rng(pair_id)
    photo = np.random.default_rng(1000 + number)
    colours = own.integers(0, 255, (2, 3))
    stripe = (np.arange(size) // int(own.integers(2, 7))) % 2
    pixels = colours[stripe][np.newaxis].repeat(size, axis=0) * photo.uniform(0.6, 1.1)
    pixels += photo.normal(0, 20, (size, size, 3))
    thing = item(9, style=1, box=None, landmarks=[], polygons=[])
    return image(
        number,
        thing,
        width=size,
        height=size,
        source=source,
        pair_id=pair_id,
        picture=png(pixels.clip(0, 255).astype(np.uint8)),
    )

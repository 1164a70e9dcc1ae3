"""A scene -> the picture of it: Pillow only, no texture files, the same bytes for the same seed."""

from io import BytesIO
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from flows.samples.backdrops import room, studio
from flows.samples.deepfashion2_products import Colour
from flows.samples.deepfashion2_scenes import Garment, Scene
from flows.samples.fabrics import fabric, grain, tint
from flows.samples.people import paint_person

_FINE = 2  # masks are drawn this much larger and reduced, for smooth edges

_SEAMS = {  # lines sewn onto a category, by landmark numbers
    1: ((7, 12), (25, 20)),
    2: ((7, 16), (33, 24)),
    3: ((7, 12), (25, 20)),
    4: ((7, 16), (33, 24)),
    7: ((2, 7),),
    8: ((2, 9),),
    10: ((7, 12), (29, 24)),
    11: ((7, 16), (37, 28)),
}
_HEMS = {  # lines that follow an edge: how far below it in body units, and its landmark numbers
    1: ((-0.1, (15, 16, 17)), (0.09, (2, 3, 4, 5, 6))),
    2: ((-0.14, (19, 20, 21)), (0.09, (2, 3, 4, 5, 6))),
    3: ((-0.1, (15, 16)), (-0.1, (29, 17))),
    4: ((-0.1, (19, 20)), (-0.1, (37, 21))),
    5: ((-0.1, (10, 11, 12)), (0.09, (2, 3, 4, 5, 6))),
    6: ((-0.1, (10, 11, 12)), (0.1, (2, 3, 4, 5, 6))),
    7: ((0.17, (1, 2, 3)), (-0.1, (5, 6)), (-0.1, (8, 9))),
    8: ((0.17, (1, 2, 3)), (-0.1, (6, 7)), (-0.1, (11, 12))),
    9: ((0.17, (1, 2, 3)), (-0.12, (5, 6, 7))),
    10: ((-0.12, (17, 18, 19)), (0.09, (2, 3, 4, 5, 6)), (0.0, (13, 23))),
    11: ((-0.12, (21, 22, 23)), (0.09, (2, 3, 4, 5, 6)), (0.0, (17, 27))),
    12: ((-0.12, (12, 13, 14)), (0.09, (2, 3, 4, 5, 6))),
    13: ((-0.12, (12, 13, 14)), (0.1, (2, 3, 4, 5, 6))),
}
_PLEATED = {9: ((1, 5), (2, 6), (3, 7)), 13: ((9, 12), (4, 13), (17, 14))}
_COLLARED = {1, 2, 5, 10, 11, 12}


def jpeg(scene: Scene, seed: str) -> bytes:
    """The picture as a JPEG file of moderate quality, some 30 to 80 KB."""
    buffer = BytesIO()
    quality = 80 if scene.source == "user" else 87
    paint(scene, Random(seed)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def paint(scene: Scene, rng: Random) -> Image.Image:
    """A consumer's picture before a room or a shop's before a plain ground, with its garments."""
    picture = studio(scene, rng) if scene.source == "shop" else room(scene, rng)
    down = scene.frame[0][1]
    for garment in scene.garments:
        if garment.shape.category_id in _COLLARED:
            _paint_back(picture, garment)
    if scene.pose.worn:
        paint_person(picture, scene, rng)
    for garment in scene.garments:
        paint_garment(picture, garment, down, rng)
    if scene.source == "user":
        picture = tint(picture, rng)
    return grain(picture, rng)


def _paint_back(picture: Image.Image, garment: Garment) -> None:
    """The inside of the back, seen through the neckline."""
    ring = [(x, y) for x, y in garment.points[:6].tolist()]
    ImageDraw.Draw(picture).polygon(ring, fill=shaded(garment.colour, 0.55))


def shaded(colour: Colour, factor: float) -> Colour:
    """The colour darker (below 1) or lighter (above 1)."""
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue


def paint_garment(
    picture: Image.Image, garment: Garment, down: NDArray[np.float64], rng: Random
) -> None:
    """Fabric within the outline: pattern, folds, darker towards the edges, seams and hems.

    `down` is one body unit down in pixels, the scale of what is sewn on.
    """
    points = garment.points
    outline = points[list(garment.shape.outline)]
    low = outline.min(axis=0).clip(0, picture.size)
    high = outline.max(axis=0).clip(0, picture.size)
    left, top = (int(value) for value in low)
    right, bottom = (int(value) + 1 for value in high)
    size = (right - left, bottom - top)
    if min(size) < 2:
        return
    mask = Image.new("L", (size[0] * _FINE, size[1] * _FINE), 0)
    corners = [((x - left) * _FINE, (y - top) * _FINE) for x, y in outline.tolist()]
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    for part in garment.shape.parts:  # a sleeve across the body would leave a hole
        ring = [((x - left) * _FINE, (y - top) * _FINE) for x, y in points[list(part)].tolist()]
        ImageDraw.Draw(mask).polygon(ring, fill=255)
    mask = mask.reduce(_FINE)

    cloth = fabric(garment.colour, garment.pattern, size, rng)
    small = mask.reduce(8)
    round_off = small.filter(ImageFilter.GaussianBlur(2.2)).resize(size, Image.Resampling.BILINEAR)
    round_off = round_off.point([110 + int(145 * (k / 255) ** 1.2) for k in range(256)])
    cloth = ImageChops.multiply(cloth, Image.merge("RGB", (round_off,) * 3))

    corner = np.array((left, top))
    _sew(ImageDraw.Draw(cloth), garment, points - corner, outline - corner, down)
    picture.paste(cloth, (left, top), mask)


def _sew(
    draw: ImageDraw.ImageDraw,
    garment: Garment,
    points: NDArray[np.float64],
    outline: NDArray[np.float64],
    down: NDArray[np.float64],
) -> None:
    """Seams, hems, bands and pleats as darker lines, and an edge all around."""
    number = garment.shape.category_id
    dark, width = shaded(garment.colour, 0.6), max(1, round(float(np.hypot(*down)) / 60))
    for a, b in _SEAMS.get(number, ()):
        draw.line(_line(points[[a - 1, b - 1]]), fill=dark, width=width)
    for below, chain in _HEMS[number]:
        edge = points[[landmark - 1 for landmark in chain]] + down * below
        draw.line(_line(edge), fill=dark, width=width, joint="curve")
    if number in _PLEATED and garment.pattern == "plain":
        (a, b), (c, d), (e, f) = _PLEATED[number]
        for (top, bottom), (far_top, far_bottom) in (((a, b), (c, d)), ((c, d), (e, f))):
            for part in (0.3, 0.75):
                pleat = points[[top - 1, bottom - 1]] * (1 - part)
                pleat = pleat + points[[far_top - 1, far_bottom - 1]] * part
                draw.line(_line(pleat), fill=shaded(garment.colour, 0.75), width=width)
    draw.line(_line(np.vstack((outline, outline[:1]))), fill=dark, width=width + 1, joint="curve")


def _line(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points.tolist()]

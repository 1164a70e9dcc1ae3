"""Pictures of scenes: garments in flat colours on a plain ground, as Pillow images and JPEG files.

In: a scene. Out: the same pixels for the same scene. A garment covers its outline, so that its
landmarks and polygons are where the picture shows them.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from flows.samples.deepfashion2_products import Colour
from flows.samples.deepfashion2_scenes import Garment, Scene

Corner = tuple[float, float]

_FINE = 2  # pictures are drawn this much larger and reduced, for smooth edges
_SHOP, _WALL, _FLOOR = (244, 244, 242), (206, 196, 182), (150, 126, 104)
_WITHOUT_NECK = {7, 8, 9}
_STRIPE = 12  # pixels


def jpeg(scene: Scene) -> bytes:
    """The picture as a JPEG file, some 10 to 40 KB."""
    buffer = BytesIO()
    paint(scene).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def paint(scene: Scene) -> Image.Image:
    """The garments, innermost first: a shop's on white, a consumer's before a wall and a floor."""
    width, height = scene.width * _FINE, scene.height * _FINE
    picture = Image.new("RGB", (width, height), _SHOP if scene.source == "shop" else _WALL)
    if scene.source == "user":
        ImageDraw.Draw(picture).rectangle((0, height * 4 // 5, width, height), fill=_FLOOR)
    for garment in scene.garments:
        _paint_garment(picture, garment)
    return picture.reduce(_FINE)


def _paint_garment(picture: Image.Image, garment: Garment) -> None:
    """The outline filled, with its pattern, and the edges of its parts: sleeves and legs."""
    points, shape, style = garment.points * _FINE, garment.shape, garment.style
    draw = ImageDraw.Draw(picture)
    dark = _shaded(style.colour, 0.6)
    if shape.category_id not in _WITHOUT_NECK:  # the inside of the back, seen in the neckline
        draw.polygon(_corners(points[:6]), fill=dark)
    rings = [_corners(points[list(ring)]) for ring in (shape.outline, *shape.parts)]
    left, top, right, bottom = box = _box_of(rings, picture.size)
    mask = Image.new("1", (right - left, bottom - top))
    for ring in rings:  # a sleeve across the body would leave a hole in the outline alone
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in ring], fill=1)
    plain = style.pattern == "plain"
    cloth = style.colour if plain else _cloth(style.colour, style.pattern, mask.size)
    picture.paste(cloth, box, mask)
    for ring in rings:
        draw.line([*ring, ring[0]], fill=dark, width=2 * _FINE, joint="curve")


def _box_of(rings: list[list[Corner]], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the picture around the rings, from a corner where patterns repeat."""
    period = 2 * _STRIPE * _FINE
    corners = [corner for ring in rings for corner in ring]
    (left, right), (top, bottom) = (
        (
            _between(int(min(values)), limit) // period * period,
            _between(int(max(values)) + 2, limit),
        )
        for values, limit in zip(zip(*corners, strict=True), size, strict=True)
    )
    return left, top, right, bottom


def _between(number: int, limit: int) -> int:
    return min(max(number, 0), limit)


def _cloth(colour: Colour, pattern: str, size: tuple[int, int]) -> Image.Image:
    """A colour with darker stripes across it, and down it as well when it is checked."""
    cloth = Image.new("RGB", size, colour)
    draw, dark, step = ImageDraw.Draw(cloth), _shaded(colour, 0.8), _STRIPE * _FINE
    for y in range(0, size[1], 2 * step):
        draw.rectangle((0, y, size[0], y + step), fill=dark)
    if pattern == "checks":
        for x in range(0, size[0], 2 * step):
            draw.rectangle((x, 0, x + step, size[1]), fill=_shaded(colour, 0.7))
    return cloth


def _shaded(colour: Colour, factor: float) -> Colour:
    red, green, blue = (int(channel * factor) for channel in colour)
    return red, green, blue


def _corners(points: NDArray[np.float64]) -> list[Corner]:
    return [(x, y) for x, y in points.tolist()]

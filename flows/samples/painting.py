"""A scene -> the picture of it: Pillow only, no texture files, the same bytes for the same seed."""

from io import BytesIO
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from flows.samples.backdrops import room, studio
from flows.samples.deepfashion2_scenes import Colour, Garment, Scene
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
    for garment in scene.garments:
        if garment.shape.category_id in _COLLARED:
            _paint_back(picture, garment)
    if scene.pose.worn:
        paint_person(picture, scene, rng)
    for garment in scene.garments:
        paint_garment(picture, garment, rng)
    if scene.source == "user":
        picture = tint(picture, rng)
    return grain(picture, rng)


def _paint_back(picture: Image.Image, garment: Garment) -> None:
    """The inside of the back, seen through the neckline."""
    ring = [(x, y) for x, y in garment.points[:6].tolist()]
    ImageDraw.Draw(picture).polygon(ring, fill=shaded(garment.colour, 0.55))


def shaded(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue


def paint_garment(picture: Image.Image, garment: Garment, rng: Random) -> None:
    """Fabric within the outline: pattern, folds, darker towards the edges, seams and hems."""
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
    mask = mask.reduce(_FINE)

    cloth = fabric(garment.colour, garment.pattern, size, rng)
    small = mask.resize((max(1, size[0] // 8), max(1, size[1] // 8)))
    round_off = small.filter(ImageFilter.GaussianBlur(2.2)).resize(size, Image.Resampling.BILINEAR)
    round_off = round_off.point([110 + int(145 * (k / 255) ** 1.2) for k in range(256)])
    cloth = ImageChops.multiply(cloth, Image.merge("RGB", (round_off,) * 3))

    draw = ImageDraw.Draw(cloth)
    dark = shaded(garment.colour, 0.62)
    place = [(x - left, y - top) for x, y in points.tolist()]
    width = max(1, round(size[1] / 260))
    for a, b in _SEAMS.get(garment.shape.category_id, ()):
        draw.line((place[a - 1], place[b - 1]), fill=dark, width=width)
    ring = [((x - left), (y - top)) for x, y in outline.tolist()]
    draw.line([*ring, ring[0]], fill=dark, width=width + 1, joint="curve")
    picture.paste(cloth, (left, top), mask)

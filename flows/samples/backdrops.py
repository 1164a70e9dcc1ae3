"""What stands behind the sample garments: a lived-in room, or a shop's plain ground."""

from random import Random

from PIL import Image, ImageDraw, ImageFilter

from flows.samples.deepfashion2_products import Colour
from flows.samples.deepfashion2_scenes import Scene


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def studio(scene: Scene, rng: Random) -> Image.Image:
    """White to light grey, a floor line now and then, a shadow at the feet."""
    size = (scene.width, scene.height)
    level = rng.randint(232, 250)
    shift = rng.choice(((0, 0, 0), (0, -2, -6), (-4, -1, 2), (0, -5, -4)))
    top = (level + shift[0], level + shift[1], level + shift[2])
    bottom = (top[0] - 18, top[1] - 18, top[2] - 17)
    picture = _gradient(size, top, bottom)
    if not scene.pose.worn:
        return picture
    x, y = (6.95 * scene.frame[0][1] + scene.frame[1]).tolist()
    reach = float(scene.frame[0][1][1]) * 1.5
    shadow = Image.new("L", (size[0] // 4, size[1] // 4), 0)
    ImageDraw.Draw(shadow).ellipse(
        ((x - reach) / 4, (y - reach / 6) / 4, (x + reach) / 4, (y + reach / 6) / 4), fill=90
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(1.0, reach / 24))).resize(size)
    picture.paste((120, 116, 114), (0, 0), shadow)
    return picture


def room(scene: Scene, rng: Random) -> Image.Image:
    """Wall, floor, and things: a door, shelves, a bed, a plant, a lamp; out of focus."""
    width, height = scene.width // 2, scene.height // 2
    warm = rng.randint(150, 225)
    wall = (warm, warm - rng.randint(4, 22), warm - rng.randint(8, 44))
    picture = _gradient((width, height), wall, (wall[0] - 26, wall[1] - 28, wall[2] - 28))
    draw = ImageDraw.Draw(picture)
    if not scene.pose.worn:
        _planks(draw, width, height, rng)
        return picture.filter(ImageFilter.GaussianBlur(0.8)).resize((scene.width, scene.height))
    edge = int(height * rng.uniform(0.68, 0.9))
    floor = rng.choice(((126, 92, 66), (96, 86, 84), (164, 140, 112), (92, 98, 108)))
    draw.rectangle((0, edge, width, height), fill=floor)
    for k in range(-6, 14):
        draw.line(
            (width * k / 7, height, width / 2 + (width * k / 7 - width / 2) * 0.55, edge),
            fill=tuple(channel - 16 for channel in floor),
        )
    draw.rectangle((0, edge - 4, width, edge), fill=(232, 228, 220))
    for side in rng.sample((0, 1), k=rng.choice((1, 2, 2))):
        rng.choice((_door, _shelf, _curtain, _bed))(draw, side, width, height, edge, rng)
    if rng.random() < 0.5:
        _plant(draw, rng.choice((0.1, 0.9)) * width, edge, height, rng)
    return picture.filter(ImageFilter.GaussianBlur(1.1)).resize(
        (scene.width, scene.height), Image.Resampling.BILINEAR
    )


def _colour(rng: Random, low: int, high: int) -> Colour:
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)


def _planks(draw: ImageDraw.ImageDraw, width: int, height: int, rng: Random) -> None:
    tone = rng.randint(-30, 30)
    step = rng.randint(26, 48)
    for x in range(0, width, step):
        shade = rng.randint(-10, 10) + tone
        plank = (172 + shade, 138 + shade, 102 + shade)
        draw.rectangle((x, 0, x + step - 2, height), fill=plank)
        for _ in range(3):
            grain = x + rng.randrange(step)
            draw.line((grain, 0, grain, height), fill=(160 + shade, 126 + shade, 92 + shade))
        seam = rng.randrange(height)
        draw.line((x, seam, x + step, seam), fill=(110 + tone, 84 + tone, 60 + tone))


def _door(
    draw: ImageDraw.ImageDraw, side: int, width: int, height: int, edge: int, rng: Random
) -> None:
    wide = int(width * rng.uniform(0.22, 0.34))
    left = -8 if side == 0 else width - wide + 8
    wood = rng.choice(((226, 220, 210), (142, 104, 74), (196, 178, 150)))
    top = int(height * rng.uniform(0.02, 0.12))
    draw.rectangle((left, top, left + wide, edge + 3), fill=wood)
    dark = tuple(channel - 30 for channel in wood)
    for k in (0.06, 0.52):
        box = (left + wide * 0.16, top + (edge - top) * k, left + wide * 0.84)
        draw.rectangle((*box, top + (edge - top) * (k + 0.4)), outline=dark, width=2)
    draw.ellipse((left + wide * 0.86, edge * 0.55, left + wide * 0.93, edge * 0.55 + 5), fill=dark)


def _shelf(
    draw: ImageDraw.ImageDraw, side: int, width: int, height: int, edge: int, rng: Random
) -> None:
    wide = int(width * rng.uniform(0.2, 0.3))
    left = 0 if side == 0 else width - wide
    wood = rng.choice(((108, 78, 58), (214, 208, 198), (70, 66, 66)))
    for row in range(4):
        top = int(edge * (0.15 + 0.21 * row))
        draw.rectangle((left, top, left + wide, top + 4), fill=wood)
        x = left + 3
        while x < left + wide - 8:
            book = rng.randint(4, 10)
            tall = rng.randint(int(edge * 0.08), int(edge * 0.16))
            draw.rectangle((x, top - tall, x + book - 1, top), fill=_colour(rng, 50, 215))
            x += book


def _curtain(
    draw: ImageDraw.ImageDraw, side: int, width: int, height: int, edge: int, rng: Random
) -> None:
    wide = int(width * rng.uniform(0.18, 0.3))
    left = 0 if side == 0 else width - wide
    cloth = _colour(rng, 120, 220)
    for x in range(left, left + wide, 7):
        shade = rng.randint(-26, 12)
        fold = tuple(channel + shade for channel in cloth)
        draw.rectangle((x, 0, x + 7, edge + 6), fill=fold)


def _bed(
    draw: ImageDraw.ImageDraw, side: int, width: int, height: int, edge: int, rng: Random
) -> None:
    sheet = _colour(rng, 170, 235)
    reach = width * rng.uniform(0.3, 0.5)
    near, far = (0, reach) if side == 0 else (width, width - reach)
    top = edge - height * 0.12
    draw.polygon(
        ((near, top), (far, top + 10), (far, edge + height * 0.12), (near, edge + height * 0.2)),
        fill=sheet,
    )
    pillow = tuple(min(255, channel + 18) for channel in sheet)
    middle = near + (reach * 0.35 if side == 0 else -reach * 0.35)
    draw.ellipse((middle - 26, top - 16, middle + 26, top + 12), fill=pillow)


def _plant(draw: ImageDraw.ImageDraw, x: float, edge: int, height: int, rng: Random) -> None:
    pot = height * 0.08
    draw.polygon(
        (
            (x - pot * 0.5, edge - pot),
            (x + pot * 0.5, edge - pot),
            (x + pot * 0.35, edge + pot * 0.5),
            (x - pot * 0.35, edge + pot * 0.5),
        ),
        fill=(186, 106, 74),
    )
    for _ in range(26):
        dx, dy = rng.uniform(-1, 1) * pot, -rng.uniform(0.6, 3.2) * pot
        leaf = (rng.randint(40, 90), rng.randint(100, 150), rng.randint(50, 90))
        draw.ellipse((x + dx - 5, edge + dy - 9, x + dx + 5, edge + dy + 9), fill=leaf)

"""Who wears the sample garments: a hint of a person, drawn under them."""

from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from flows.samples.deepfashion2_products import Colour
from flows.samples.deepfashion2_scenes import Scene
from flows.samples.figure import (
    ANKLE,
    ARMPIT,
    CROTCH,
    FLOOR,
    HIP,
    KNEE,
    WAIST,
    Point,
    Side,
    half_width,
)

_SKIN: tuple[Colour, ...] = ((241, 208, 184), (226, 184, 154), (198, 148, 116), (126, 86, 66))
_HAIR: tuple[Colour, ...] = ((34, 28, 28), (62, 42, 32), (104, 72, 46), (36, 34, 44))
_FINE = 2
_TOPS = {1, 2, 3, 4, 5, 6}
_ABOVE = {1, 2, 5, 6, 10, 11, 12, 13}  # what covers the chest


class _Canvas:
    """Draws in body units onto a mask and pastes colours through it."""

    def __init__(self, picture: Image.Image, scene: Scene) -> None:
        self.picture, self.scene = picture, scene
        self.unit = float(np.hypot(*scene.frame[0][1])) * _FINE
        self.mask = Image.new("L", (picture.width * _FINE, picture.height * _FINE), 0)
        self.draw = ImageDraw.Draw(self.mask)

    def places(self, points: list[Point]) -> list[Point]:
        placed = (np.array(points) @ self.scene.frame[0] + self.scene.frame[1]) * _FINE
        return [(x, y) for x, y in placed.tolist()]

    def limb(self, joints: list[tuple[Point, float]]) -> None:
        """A chain of joints, each with its half width, rounded where they meet."""
        places = self.places([point for point, _ in joints])
        widths = [width * self.unit for _, width in joints]
        for (x, y), width in zip(places, widths, strict=True):
            self.draw.ellipse((x - width, y - width, x + width, y + width), fill=255)
        for k in range(len(places) - 1):
            (x1, y1), (x2, y2) = places[k], places[k + 1]
            length = max(1e-6, float(np.hypot(x2 - x1, y2 - y1)))
            nx, ny = (y1 - y2) / length, (x2 - x1) / length
            a, b = widths[k], widths[k + 1]
            self.draw.polygon(
                (
                    (x1 + nx * a, y1 + ny * a),
                    (x2 + nx * b, y2 + ny * b),
                    (x2 - nx * b, y2 - ny * b),
                    (x1 - nx * a, y1 - ny * a),
                ),
                fill=255,
            )

    def area(self, points: list[Point]) -> None:
        self.draw.polygon(self.places(points), fill=255)

    def oval(self, centre: Point, reach: Point) -> None:
        turn = np.linspace(0, 2 * np.pi, 40)
        ring = np.stack(
            (centre[0] + reach[0] * np.cos(turn), centre[1] + reach[1] * np.sin(turn)), 1
        )
        self.area([(x, y) for x, y in ring.tolist()])

    def fill(self, colour: Colour) -> None:
        """Paste the colour, rounded off towards the edges, and start a new mask."""
        box = self.mask.getbbox()
        if box is None:
            return
        left, top = box[0] // _FINE * _FINE, box[1] // _FINE * _FINE
        mask = self.mask.crop((left, top, box[2], box[3])).reduce(_FINE)
        small = mask.reduce(6)
        light = small.filter(ImageFilter.GaussianBlur(1.6))
        light = light.resize(mask.size, Image.Resampling.BILINEAR)
        light = light.point([150 + int(105 * k / 255) for k in range(256)])
        paint = Image.new("RGB", mask.size, colour)
        paint = ImageChops.multiply(paint, Image.merge("RGB", (light,) * 3))
        self.picture.paste(paint, (left // _FINE, top // _FINE), mask)
        self.draw.rectangle((0, 0, *self.mask.size), fill=0)


def paint_person(picture: Image.Image, scene: Scene, rng: Random) -> None:
    """Hair, legs, arms, body and head, where the pose has them."""
    canvas = _Canvas(picture, scene)
    skin, hair = rng.choice(_SKIN), rng.choice(_HAIR)
    long_hair = rng.random() < 0.6
    if long_hair:
        canvas.oval((0.0, -0.7), (0.62, 0.72))
        canvas.area([(-0.6, -0.7), (0.6, -0.7), (0.66, 0.7), (-0.66, 0.7)])
        canvas.fill(hair)

    shoes: Colour = hair if rng.random() < 0.5 else (226, 222, 218)
    for side, mirror in ((scene.pose.left, 1.0), (scene.pose.right, -1.0)):
        hip, knee = side.along_leg(CROTCH - 0.3, 0.0), side.along_leg(KNEE, 0.0)
        foot = side.along_leg(ANKLE, 0.0)
        toe = (foot[0] - 0.1, FLOOR - 0.1)
        canvas.limb([(_flip(p, mirror), w) for p, w in ((hip, 0.33), (knee, 0.21), (foot, 0.12))])
        canvas.fill(skin)
        canvas.limb(
            [(_flip(p, mirror), w) for p, w in (((foot[0], ANKLE + 0.16), 0.14), (toe, 0.17))]
        )
        canvas.fill(shoes)
    body = [(half_width(y), y) for y in (0.2, 0.5, ARMPIT, 1.4, WAIST, 2.4, HIP, CROTCH)]
    canvas.area([*body, *((-x, y) for x, y in reversed(body))])
    canvas.area([(-0.24, -0.3), (0.24, -0.3), (0.3, 0.05), (0.8, 0.3), (-0.8, 0.3), (-0.3, 0.05)])
    for side, mirror in ((scene.pose.left, 1.0), (scene.pose.right, -1.0)):
        canvas.limb(_arm(side, mirror))
    canvas.fill(skin)
    canvas.oval((0.0, -0.72), (0.41, 0.54))
    canvas.fill(skin)
    _underneath(canvas, scene)
    canvas.area(
        [
            (-0.44, -0.62),
            (-0.46, -1.0),
            (-0.2, -1.32),
            (0.2, -1.32),
            (0.46, -1.0),
            (0.44, -0.62),
            (0.3, -0.98),
            (-0.1, -1.06),
            (-0.34, -0.9),
        ]
    )
    canvas.fill(hair)


def _underneath(canvas: _Canvas, scene: Scene) -> None:
    """Plain things that nobody annotated, where a picture shows no top or no bottom."""
    worn = {garment.shape.category_id for garment in scene.garments}
    heights = (0.62, ARMPIT, 1.4, WAIST, 2.4, HIP)
    if not worn & _ABOVE:
        side = [(half_width(y) + 0.02, y) for y in heights]
        vest = [(0.3, 0.62), (0.42, 0.12), (0.55, 0.12), *side]
        canvas.area([*vest, *((-x, y) for x, y in reversed(vest))])
        canvas.fill((222, 218, 212))
    elif worn <= _TOPS:
        side = [(half_width(y) + 0.03, y) for y in (2.1, HIP, CROTCH, 3.9)]
        canvas.area(
            [
                *side,
                (0.06, 3.9),
                (0.0, CROTCH + 0.2),
                (-0.06, 3.9),
                *((-x, y) for x, y in reversed(side)),
            ]
        )
        canvas.fill((70, 72, 80))


def _flip(point: Point, mirror: float) -> Point:
    return (point[0] * mirror, point[1])


def _arm(side: Side, mirror: float) -> list[tuple[Point, float]]:
    x, y = side.along_arm(2.0, 0.0)
    ex, ey = side.along_arm(1.0, 0.0)
    hand = (x + (x - ex) * 0.22, y + (y - ey) * 0.22)
    joints = (((-0.68, 0.36), 0.2), ((ex, ey), 0.15), ((x, y), 0.1), (hand, 0.13))
    return [(_flip(point, mirror), width) for point, width in joints]

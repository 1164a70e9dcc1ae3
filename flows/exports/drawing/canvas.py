"""Canvas: anti-aliased lines, dots and labels over a picture, readable on any background."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import hypot

from PIL import Image, ImageDraw, ImageFont

from flows.exports.drawing.annotated import Point

Rgb = tuple[int, int, int]

PALETTE: tuple[Rgb, ...] = (
    (230, 25, 110),
    (0, 150, 225),
    (255, 140, 0),
    (60, 180, 75),
    (150, 80, 230),
    (240, 210, 0),
    (0, 190, 180),
    (200, 60, 20),
    (120, 150, 20),
    (90, 90, 255),
)
"""Colours that differ from each other and from skin and cloth; used in this order."""
NEUTRAL: Rgb = (120, 124, 130)
INK: Rgb = (28, 30, 34)
PAPER: Rgb = (255, 255, 255)
SUPERSAMPLING = 2
"""Everything is drawn this much larger, then reduced."""


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that Pillow includes; fonts of the machine are not used."""
    return ImageFont.load_default(size)


class Canvas:
    """Draws over a picture; `image` returns the result.

    Coordinates go through `turn`, then are multiplied by `scale`; `weight` is the width of a thin
    line in pixels.
    """

    def __init__(
        self,
        canvas: Image.Image,
        *,
        scale: float = 1.0,
        weight: float = 1.5,
        turn: Callable[[float, float], Point] = lambda x, y: (x, y),
    ) -> None:
        self.canvas = canvas.convert("RGB")
        self.layer = Image.new(
            "RGBA", (canvas.width * SUPERSAMPLING, canvas.height * SUPERSAMPLING), (0, 0, 0, 0)
        )
        self.draw = ImageDraw.Draw(self.layer)
        self.scale, self.weight = scale * SUPERSAMPLING, weight * SUPERSAMPLING
        self.turn = turn
        self._labels: list[tuple[float, float, float, float]] = []

    def place(self, point: Point) -> Point:
        x, y = self.turn(*point)
        return (x * self.scale, y * self.scale)

    def line(
        self,
        points: Sequence[Point],
        colour: Rgb,
        *,
        weight: float = 1.0,
        outlined: bool = True,
        dashed: bool = False,
    ) -> None:
        """A line through points; a dark outline keeps it visible on its own colour."""
        places = [self.place(point) for point in points]
        width = max(1, round(self.weight * weight))
        lines = dashes(places, 5 * self.weight, 3.5 * self.weight) if dashed else [places]
        for ends in lines:
            if outlined:
                wide = width + round(self.weight)
                self.draw.line(ends, (*INK, 90), width=wide, joint="curve")
            self.draw.line(ends, (*colour, 255), width=width, joint="curve")

    def fill(self, points: Sequence[Point], colour: Rgb, *, strength: float = 0.14) -> None:
        """A tint over a polygon."""
        places = [self.place(point) for point in points]
        self.draw.polygon(places, fill=(*colour, int(255 * strength)))

    def dot(self, point: Point, colour: Rgb, *, radius: float, filled: bool) -> None:
        """A filled dot with a white rim, or a hollow ring on white."""
        x, y = self.place(point)
        reach, thin = radius * SUPERSAMPLING, self.weight * 0.9
        rings = [(reach + thin * 1.7, (*INK, 110)), (reach + thin, (*PAPER, 255))]
        rings.append((reach, (*colour, 255)))
        if not filled:
            rings.append((reach - thin * 1.15, (*PAPER, 255)))
        for r, fill in rings:
            self.draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)

    def cross(self, point: Point, colour: Rgb, *, radius: float) -> None:
        """Two crossed strokes with a white rim."""
        x, y = self.place(point)
        reach, thin = radius * SUPERSAMPLING, max(1, round(self.weight))
        for width, fill in ((round(thin * 2.2), PAPER), (thin, colour)):
            for turn in (1, -1):
                ends = (x - reach, y - turn * reach, x + reach, y + turn * reach)
                self.draw.line(ends, (*fill, 255), width=width)

    def label(self, points: Sequence[Point], text: str, colour: Rgb, *, size: int) -> None:
        """Text on a coloured ground at the top left of the points, below other labels."""
        face = font(size * SUPERSAMPLING)
        pad = size * SUPERSAMPLING * 0.32
        left, top, right, bottom = self.draw.textbbox((0, 0), text, font=face)
        wide, tall = right - left + 2 * pad, bottom - top + 2 * pad
        places = [self.place(point) for point in points]
        left_edge = min((x for x, _ in places), default=0.0)
        top_edge = min((y for _, y in places), default=0.0)
        x = min(max(0.0, left_edge), max(0.0, self.layer.width - wide))
        y = min(max(tall, top_edge), self.layer.height)
        for left_of, top_of, right_of, bottom_of in sorted(
            self._labels, key=lambda label: label[1]
        ):
            if x < right_of and left_of < x + wide and y - tall < bottom_of and top_of < y:
                y = bottom_of + tall + SUPERSAMPLING
        self._labels.append((x, y - tall, x + wide, y))
        self.draw.rounded_rectangle((x, y - tall, x + wide, y), radius=pad, fill=(*colour, 235))
        origin = (x + pad - left, y - tall + pad - top)
        self.draw.text(origin, text, font=face, fill=(*text_colour_on(colour), 255))

    def image(self) -> Image.Image:
        """The canvas with everything drawn on it."""
        drawn = self.canvas.convert("RGBA")
        drawn.alpha_composite(self.layer.reduce(SUPERSAMPLING))
        return drawn.convert("RGB")


def dashes(places: Sequence[Point], length: float, gap: float) -> Iterator[list[Point]]:
    """The ends of the dashes of a line through places; the pattern goes on at its corners."""
    travelled = 0.0
    for (x1, y1), (x2, y2) in pairwise(places):
        distance = hypot(x2 - x1, y2 - y1)
        start = -(travelled % (length + gap))
        while start < distance:
            ends = max(start, 0.0), min(start + length, distance)
            if ends[0] < ends[1]:
                parts = (end / distance for end in ends)
                yield [(x1 + part * (x2 - x1), y1 + part * (y2 - y1)) for part in parts]
            start += length + gap
        travelled += distance


def text_colour_on(colour: Rgb) -> Rgb:
    """Black or white, whichever reads better on a colour."""
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else PAPER


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Text broken into lines that fit a width in pixels."""
    face, lines, line = font(size), [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and face.getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines

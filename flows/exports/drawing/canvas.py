"""Lines, dots and words on a picture, smooth and readable on any ground."""

from collections.abc import Sequence
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
"""Colours that stay apart on skin, cloth and white grounds; used in this order."""
NEUTRAL: Rgb = (120, 124, 130)
INK: Rgb = (28, 30, 34)
PAPER: Rgb = (255, 255, 255)
FINE = 2  # everything is drawn this much larger and reduced


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which travels with it: no font of the machine is asked for."""
    return ImageFont.load_default(size)


class Canvas:
    """Draws over a picture in its own pixel coordinates; `finish` returns the result.

    `scale` takes picture coordinates to the canvas; `weight` is the width of a thin line there.
    """

    def __init__(self, canvas: Image.Image, *, scale: float = 1.0, weight: float = 1.5) -> None:
        self.canvas = canvas.convert("RGB")
        self.layer = Image.new("RGBA", (canvas.width * FINE, canvas.height * FINE), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.layer)
        self.scale, self.weight = scale * FINE, weight * FINE
        self._chips: list[tuple[float, float, float, float]] = []

    def place(self, point: Point) -> Point:
        return (point[0] * self.scale, point[1] * self.scale)

    def line(
        self,
        points: Sequence[Point],
        colour: Rgb,
        *,
        weight: float = 1.0,
        dashed: bool = False,
        cased: bool = True,
    ) -> None:
        """A line through points; its casing keeps it visible on a ground of its own colour."""
        places = [self.place(point) for point in points]
        runs = _dashes(places, 7 * self.weight, 5 * self.weight) if dashed else [places]
        width = max(1, round(self.weight * weight))
        if cased:
            for run in runs:
                self.draw.line(run, (*INK, 90), width=width + round(self.weight), joint="curve")
        for run in runs:
            self.draw.line(run, (*colour, 255), width=width, joint="curve")

    def area(self, points: Sequence[Point], colour: Rgb, *, strength: float = 0.14) -> None:
        """A tint over a polygon; overlapping tints add up, so that parts show."""
        places = [self.place(point) for point in points]
        xs, ys = [x for x, _ in places], [y for _, y in places]
        left, top = max(0, int(min(xs))), max(0, int(min(ys)))
        size = (
            min(self.layer.width, int(max(xs)) + 2) - left,
            min(self.layer.height, int(max(ys)) + 2) - top,
        )
        if min(size) < 1:
            return
        tint = Image.new("L", size, 0)
        corners = [(x - left, y - top) for x, y in places]
        ImageDraw.Draw(tint).polygon(corners, fill=int(255 * strength))
        layer = Image.merge("RGBA", (*(Image.new("L", size, channel) for channel in colour), tint))
        self.layer.alpha_composite(layer, (left, top))

    def dot(self, point: Point, colour: Rgb, *, radius: float, filled: bool) -> None:
        """A filled dot with a white rim, or a hollow ring on white."""
        x, y = self.place(point)
        for reach, fill in self._rings(radius, colour, filled=filled):
            self.draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)

    def _rings(
        self, radius: float, colour: Rgb, *, filled: bool
    ) -> list[tuple[float, tuple[int, ...]]]:
        reach, thin = radius * FINE, self.weight * 0.9
        rings: list[tuple[float, tuple[int, ...]]] = [
            (reach + thin * 1.7, (*INK, 110)),
            (reach + thin, (*PAPER, 255)),
        ]
        rings.append((reach, (*colour, 255)))
        return rings if filled else [*rings, (reach - thin * 1.15, (*PAPER, 255))]

    def chip(self, point: Point, words: str, colour: Rgb, *, size: int) -> None:
        """Words on a coloured label at the point, kept inside and clear of other labels."""
        face = font(size * FINE)
        pad = size * FINE * 0.32
        left, top, right, bottom = self.draw.textbbox((0, 0), words, font=face)
        wide, tall = right - left + 2 * pad, bottom - top + 2 * pad
        x, y = self.place(point)
        x = min(max(0.0, x), max(0.0, self.layer.width - wide))
        y = min(max(tall, y), self.layer.height)
        for left_of, top_of, right_of, bottom_of in sorted(self._chips, key=lambda chip: chip[1]):
            if x < right_of and left_of < x + wide and y - tall < bottom_of and top_of < y:
                y = bottom_of + tall + FINE
        self._chips.append((x, y - tall, x + wide, y))
        self.draw.rounded_rectangle((x, y - tall, x + wide, y), radius=pad, fill=(*colour, 235))
        words_at = (x + pad - left, y - tall + pad - top)
        self.draw.text(words_at, words, font=face, fill=(*on(colour), 255))

    def finish(self) -> Image.Image:
        """The canvas with everything drawn on it."""
        drawn = self.canvas.convert("RGBA")
        drawn.alpha_composite(self.layer.reduce(FINE))
        return drawn.convert("RGB")


def on(colour: Rgb) -> Rgb:
    """Black or white, whichever reads better on a colour."""
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else PAPER


def _dashes(points: Sequence[Point], dash: float, gap: float) -> list[list[Point]]:
    """A polyline cut into dashes of equal length."""
    runs: list[list[Point]] = []
    left, drawing = dash, True
    for (x1, y1), (x2, y2) in pairwise(points):
        length, done = hypot(x2 - x1, y2 - y1), 0.0
        while length - done > 1e-6:
            step = min(left, length - done)
            a, b = done / length, (done + step) / length
            if drawing:
                start = (x1 + (x2 - x1) * a, y1 + (y2 - y1) * a)
                runs.append([start, (x1 + (x2 - x1) * b, y1 + (y2 - y1) * b)])
            done += step
            left -= step
            if left <= 1e-6:
                drawing = not drawing
                left = dash if drawing else gap
    return runs


def wrapped(words: str, size: int, width: int) -> list[str]:
    """Words broken into lines that fit a width in pixels."""
    face, lines, line = font(size), [], ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        if line and face.getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines
